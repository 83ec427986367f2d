//! Memory of each kind that an object can be read into: fresh or used before, in small or in huge pages.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use bytes::Bytes;
use memmap2::{Advice, MmapMut};

/// Pages of fresh memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pages {
    /// What the kernel gives without a word: 4 KiB each, where huge pages are `madvise`.
    Small,
    /// 2 MiB each, by `MADV_HUGEPAGE`.
    Huge,
}

/// Memory that no one has touched yet.
pub(crate) fn fresh(size: usize, pages: Pages) -> Result<MmapMut> {
    let memory = MmapMut::map_anon(size)?;
    if pages == Pages::Huge {
        memory.advise(Advice::HugePage)?;
    }
    Ok(memory)
}

/// Memory that is used again and again, one user at a time.
#[derive(Debug)]
pub(crate) struct Warm<T>(Arc<Mutex<Option<T>>>);

impl<T> Clone for Warm<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Default + AsRef<[u8]> + Send + 'static> Warm<T> {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }

    /// What was given back last, or what `make` makes.
    pub(crate) fn take(&self, make: impl FnOnce() -> Result<T>) -> Result<T> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        kept.map_or_else(make, Ok)
    }

    /// Bytes over `memory`, which comes back here when the last of them is dropped.
    pub(crate) fn lend(&self, memory: T) -> Bytes {
        Bytes::from_owner(Lent { memory, home: self.clone() })
    }
}

struct Lent<T: Default + AsRef<[u8]> + Send + 'static> {
    memory: T,
    home: Warm<T>,
}

impl<T: Default + AsRef<[u8]> + Send + 'static> AsRef<[u8]> for Lent<T> {
    fn as_ref(&self) -> &[u8] {
        self.memory.as_ref()
    }
}

impl<T: Default + AsRef<[u8]> + Send + 'static> Drop for Lent<T> {
    fn drop(&mut self) {
        let memory = mem::take(&mut self.memory);
        *self.home.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(memory);
    }
}
