//! A write in parts: each goes to its place in one file, which takes its name when all are there.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use rangeway_core::{
    Error, ErrorKind, MultipartUpload, Operation, PartSpec, Payload, PutResponse, Result, StoreUri,
    UploadedPart,
};

use crate::new_file::NewFile;
use crate::tasks::Tasks;
use crate::write::Target;

/// A multipart upload into one file. Dropping it removes what was written.
#[derive(Debug)]
pub(crate) struct FileUpload {
    uri: StoreUri,
    deadline: Option<Instant>,
    tasks: Tasks,
    /// `None` once the upload has ended.
    state: Mutex<Option<State>>,
}

#[derive(Debug)]
struct State {
    file: NewFile,
    /// Offset and size of each part that was written, by number.
    parts: BTreeMap<u32, (u64, u64)>,
}

impl FileUpload {
    pub(crate) fn new(uri: StoreUri, file: NewFile, deadline: Option<Instant>, tasks: Tasks) -> Self {
        let state = Mutex::new(Some(State { file, parts: BTreeMap::new() }));
        Self { uri, deadline, tasks, state }
    }

    fn state(&self) -> MutexGuard<'_, Option<State>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn target(&self, offset: u64) -> Result<Target> {
        let state = self.state();
        let draft = state.as_ref().ok_or_else(ended)?.file.draft().clone();
        Ok(Target { draft, base: offset, tasks: self.tasks.clone() })
    }

    async fn try_put_part(&self, part: PartSpec, payload: Payload) -> Result<UploadedPart> {
        let size = self.target(part.offset)?.write(payload, self.deadline).await?;
        self.state().as_mut().ok_or_else(ended)?.parts.insert(part.number, (part.offset, size));
        Ok(UploadedPart { number: part.number, size, id: part.offset.to_string() })
    }

    async fn try_complete(&self, parts: Vec<UploadedPart>) -> Result<PutResponse> {
        let State { file, parts: written } = self.state().take().ok_or_else(ended)?;
        match total(&written, parts) {
            Ok(length) => self.tasks.run(move || file.commit(length)).await,
            Err(error) => {
                file.discard().await;
                Err(error)
            }
        }
    }

    fn locate<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| error.with_operation(Operation::Multipart).with_uri(&self.uri))
    }
}

/// The length of the object that these parts make, which must follow each other without a gap.
fn total(written: &BTreeMap<u32, (u64, u64)>, mut parts: Vec<UploadedPart>) -> Result<u64> {
    parts.sort_unstable_by_key(|part| part.number);
    parts.iter().try_fold(0, |end, part| match written.get(&part.number) {
        Some(&(offset, size)) if offset == end && size == part.size => Ok(end + size),
        Some((offset, size)) => Err(Error::invalid(format!(
            "part {} was written as {size} bytes at {offset}, not as {} bytes at {end}",
            part.number, part.size
        ))),
        None => Err(Error::invalid(format!("part {} was never sent", part.number))),
    })
}

fn ended() -> Error {
    Error::new(ErrorKind::NotFound, "the upload has ended")
}

#[async_trait]
impl MultipartUpload for FileUpload {
    async fn put_part(&self, part: PartSpec, payload: Payload) -> Result<UploadedPart> {
        let sent = self.try_put_part(part, payload).await;
        self.locate(sent)
    }

    async fn complete(&self, parts: Vec<UploadedPart>) -> Result<PutResponse> {
        let completed = self.try_complete(parts).await;
        self.locate(completed)
    }

    async fn abort(&self) -> Result<()> {
        let state = self.state().take();
        if let Some(State { file, .. }) = state {
            file.discard().await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_must_follow_each_other() {
        let written: BTreeMap<u32, (u64, u64)> =
            [(1, (0, 5)), (2, (5, 5)), (3, (10, 1)), (5, (12, 1))].into_iter().collect();
        let part = |number, size| UploadedPart { number, size, id: String::new() };
        for (parts, expected) in [
            (vec![], Ok(0)),
            (vec![part(1, 5), part(2, 5), part(3, 1)], Ok(11)),
            (vec![part(2, 5), part(1, 5)], Ok(10)),
            (vec![part(2, 5)], Err("at 0")),
            (vec![part(1, 5), part(3, 1)], Err("part 3")),
            (vec![part(1, 4)], Err("not as 4 bytes")),
            (vec![part(1, 5), part(1, 5)], Err("part 1")),
            (vec![part(1, 5), part(4, 1)], Err("never sent")),
        ] {
            match (total(&written, parts), expected) {
                (Ok(found), Ok(wanted)) => assert_eq!(found, wanted),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                (found, wanted) => panic!("{found:?}, not {wanted:?}"),
            }
        }
    }
}
