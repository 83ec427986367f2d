//! `Lane`: one way to move the object, how long it took, and what its store did.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use rangeway::{Error, ErrorKind, GetOptions, Key, PutOptions, Result, Store, TransferStats};
use rangeway_testkit::{Mismatch, Seeded};
use serde::Serialize;

const OBJECT: &str = "object.bin";

/// Read before measuring, in bytes: connections are open and the server is awake then.
const WARM_UP: u64 = 64 << 20;

/// Data is made and verified in blocks of this many bytes, by all threads.
const BLOCK: usize = 4 << 20;

/// A store and its measurements.
#[derive(Debug)]
pub(super) struct Lane {
    store: Arc<dyn Store>,
    data: Seeded,
    times: Vec<Duration>,
    work: Work,
}

/// What a store did for one object.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Work {
    pub(super) requests: u64,
    pub(super) retries: u64,
    pub(super) peak_in_flight: u64,
}

impl Lane {
    pub(super) fn new(store: Arc<dyn Store>, data: Seeded) -> Self {
        Self { store, data, times: Vec::new(), work: Work::default() }
    }

    /// The middle one of the times taken.
    pub(super) fn time(&self) -> Duration {
        let mut times = self.times.clone();
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default()
    }

    /// What the last transfer took.
    pub(super) fn work(&self) -> Work {
        self.work
    }

    /// Makes `size` bytes and writes them; gives the memory back, to be read into: it has been touched already.
    pub(super) async fn put(&mut self, size: usize) -> Result<BytesMut> {
        let mut memory = BytesMut::zeroed(size);
        tokio::task::block_in_place(|| in_blocks(&mut memory, |offset, block| self.data.fill(offset, block)));
        let bytes = memory.freeze();
        let (before, start) = (self.store.stats(), Instant::now());
        self.store.put(&Key::from(OBJECT), bytes.clone().into(), PutOptions::new()).await?;
        self.finish(start, before);
        // Whoever sent the bytes may still be about to let go of them.
        self.store.drain().await;
        Ok(bytes.try_into_mut().unwrap_or_else(|bytes: Bytes| BytesMut::zeroed(bytes.len())))
    }

    /// Reads the first bytes, without measuring.
    pub(super) async fn warm_up(&self, size: u64, memory: &mut BytesMut) -> Result<()> {
        memory.clear();
        let options = GetOptions::new().range(0..size.min(WARM_UP));
        self.store.get(&Key::from(OBJECT), options).await?.body.read_into(memory).await
    }

    /// Reads the object into `memory`, and verifies it afterwards.
    pub(super) async fn get(&mut self, mut memory: BytesMut) -> Result<BytesMut> {
        memory.clear();
        let (before, start) = (self.store.stats(), Instant::now());
        self.store.get(&Key::from(OBJECT), GetOptions::new()).await?.body.read_into(&mut memory).await?;
        self.finish(start, before);
        tokio::task::block_in_place(|| self.verify(&mut memory))?;
        Ok(memory)
    }

    fn finish(&mut self, start: Instant, before: TransferStats) {
        self.times.push(start.elapsed());
        let after = self.store.stats();
        self.work = Work {
            requests: after.requests - before.requests,
            retries: after.retries - before.retries,
            peak_in_flight: after.peak_in_flight,
        };
    }

    fn verify(&self, memory: &mut [u8]) -> Result<()> {
        let check = |offset, block: &mut [u8]| self.data.verify(offset, block);
        in_blocks(memory, check).into_iter().try_for_each(|verified| {
            verified.map_err(|mismatch: Mismatch| {
                Error::new(ErrorKind::Integrity, mismatch.to_string())
                    .with_uri(self.store.uri().with_key(OBJECT))
            })
        })
    }
}

/// Does something with each block of `memory`, and its offset, on all cores.
fn in_blocks<T: Send>(memory: &mut [u8], work: impl Fn(u64, &mut [u8]) -> T + Sync) -> Vec<T> {
    let blocks = std::sync::Mutex::new((0_u64..).step_by(BLOCK).zip(memory.chunks_mut(BLOCK)));
    let next = || blocks.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
    let run = || std::iter::from_fn(next).map(|(offset, block)| work(offset, block)).collect::<Vec<_>>();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        let join = |worker: std::thread::ScopedJoinHandle<'_, Vec<T>>| match worker.join() {
            Ok(results) => results,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        workers.into_iter().flat_map(join).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_everything_once() {
        let data = Seeded::new(3);
        let mut memory = vec![0; BLOCK * 2 + 7];
        in_blocks(&mut memory, |offset, block| data.fill(offset, block));
        assert_eq!(data.verify(0, &memory), Ok(()));
    }
}
