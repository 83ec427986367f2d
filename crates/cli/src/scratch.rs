//! `Scratch`: objects that a command writes for purposes of its own, and removes before it ends, however it ends.

use std::sync::{Arc, Mutex, PoisonError};

use futures::stream::{self, StreamExt};
use rangeway::{DeleteResult, Key, Result, Store, StoreUri};

use crate::{folders, location};

/// Objects below a prefix that no other run has.
#[derive(Debug)]
pub(crate) struct Scratch {
    store: Arc<dyn Store>,
    place: StoreUri,
    keys: Mutex<Vec<Key>>,
}

impl Scratch {
    /// A prefix of its own below `place`, which is in `store`.
    pub(crate) fn new(place: &StoreUri, store: Arc<dyn Store>) -> Self {
        // Of 64 bits: no two runs will ever draw the same.
        let number = fastrand::u64(..);
        let prefix = format!("{}rangeway-bench-{number:016x}/", location::below(place));
        Self { store, place: place.with_key(prefix), keys: Mutex::default() }
    }

    /// The prefix.
    pub(crate) fn place(&self) -> &StoreUri {
        &self.place
    }

    /// Names for `count` objects in the folder `name`: from here on they are removed with all others.
    pub(crate) fn keys(&self, name: &str, count: usize) -> Arc<[Key]> {
        let key = |number| Key::from(format!("{}{name}/{number:06}", self.place.key()));
        let keys: Arc<[Key]> = (0..count).map(key).collect();
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&keys);
        keys
    }

    /// Deletes the objects, by their exact keys, and local folders that were made for them.
    ///
    /// # Errors
    /// The first failure; the others are tried all the same.
    pub(crate) async fn remove(&self) -> Result<()> {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let deleted = self.store.delete(stream::iter(keys).boxed());
        let deleted: Vec<_> = deleted.map(|DeleteResult { result, .. }| result).collect().await;
        let mut failed = deleted.into_iter().find_map(Result::err);
        if let Some(folder) = location::local_path(&self.place).filter(|folder| folder.is_dir()) {
            let removed = tokio::task::spawn_blocking(move || folders::remove_empty(&folder)).await;
            if let Ok(Err(error)) = removed {
                failed = failed.or_else(|| Some(error.with_uri(&self.place)));
            }
        }
        failed.map_or(Ok(()), |error| {
            Err(error
                .with_hint(format!("remove the rest with: rangeway rm -r {}", location::shown(&self.place))))
        })
    }
}

#[cfg(test)]
mod tests {
    use rangeway::{MemoryStore, StoreExt};

    use super::*;

    #[tokio::test]
    async fn what_was_named_goes_and_nothing_else() -> Result<()> {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new("b"));
        let place: StoreUri = "memory://b/data".parse()?;
        let (one, other) =
            (Scratch::new(&place, Arc::clone(&store)), Scratch::new(&place, Arc::clone(&store)));
        assert_ne!(one.place(), other.place());
        let (keys, others) = (one.keys("a", 3), other.keys("a", 1));
        for key in [&keys[0], &keys[1], &others[0]] {
            store.put_bytes(key, "x").await?;
        }
        let near = one.place().with_key(format!("{}a/x", one.place().key()));
        store.put_bytes(near.key(), "not ours").await?;
        one.remove().await?;
        assert!(store.get_bytes(&keys[0]).await.is_err());
        assert!(store.get_bytes(&others[0]).await.is_ok() && store.get_bytes(near.key()).await.is_ok());
        Ok(())
    }
}
