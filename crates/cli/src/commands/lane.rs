//! `Lane`: one way to move objects, what each turn took, and what its store did for it.

mod objects;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures::stream;
use rangeway::{GetOptions, PutOptions, Result, Store};
use tokio::sync::Semaphore;

use crate::output::Stop;
use crate::work::Work;
use crate::{jobs, usage};
pub(super) use objects::Objects;

/// Read before measuring, in bytes: connections are open and the server is awake then.
const WARM_UP: u64 = 64 << 20;

/// How many objects are moved at once: as many as `cp` does unless told otherwise.
const AT_ONCE: usize = 32;

/// A store of its own, the objects it moves, and the measurements.
#[derive(Debug)]
pub(super) struct Lane {
    store: Arc<dyn Store>,
    objects: Objects,
    permits: Arc<Semaphore>,
    turns: Vec<Turn>,
}

/// What it took to move all the objects once.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Turn {
    pub(super) time: Duration,
    /// Processor time of the whole process.
    pub(super) processor: Duration,
    pub(super) work: Work,
}

impl Lane {
    /// A lane whose jobs hold `permits` while they run.
    pub(super) fn new(store: Arc<dyn Store>, objects: Objects, permits: &Arc<Semaphore>) -> Self {
        Self { store, objects, permits: Arc::clone(permits), turns: Vec::new() }
    }

    /// What has been measured.
    pub(super) fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// The objects it moves.
    pub(super) fn objects(&self) -> &Objects {
        &self.objects
    }

    /// The times taken, the shortest first.
    pub(super) fn times(&self) -> Vec<Duration> {
        let mut times: Vec<_> = self.turns.iter().map(|turn| turn.time).collect();
        times.sort_unstable();
        times
    }

    /// The middle one of the times taken.
    pub(super) fn time(&self) -> Duration {
        let times = self.times();
        times.get(times.len() / 2).copied().unwrap_or_default()
    }

    /// Writes the objects, whose content this is.
    pub(super) async fn put(&mut self, content: &Bytes) -> Result<(), Stop> {
        let work = self.objects.keys.iter().enumerate().map(|(number, key)| {
            let (store, key) = (Arc::clone(&self.store), key.clone());
            let part = self.objects.part(number, content);
            async move { store.put(&key, part.into(), PutOptions::new()).await }
        });
        let watch = Watch::start(&self.store);
        let done = |written: Result<_>| Ok(written.map(|_| ())?);
        jobs::run(&self.permits, AT_ONCE, stream::iter(work.collect::<Vec<_>>()), done).await?;
        self.turns.push(watch.stop(&self.store));
        // Whoever sent the bytes may still be about to let go of them.
        self.store.drain().await;
        Ok(())
    }

    /// Reads the first bytes, without measuring.
    pub(super) async fn warm_up(&self, memory: &mut BytesMut) -> Result<()> {
        memory.clear();
        let options = GetOptions::new().range(0..self.objects.size().min(WARM_UP));
        self.store.get(&self.objects.keys[0], options).await?.body.read_into(memory).await
    }

    /// Reads the objects into `memory`, and verifies them afterwards.
    pub(super) async fn get(&mut self, memory: BytesMut) -> Result<BytesMut, Stop> {
        let pieces = self.objects.cut(memory);
        let mut read = vec![BytesMut::new(); pieces.len()];
        let work = self.objects.keys.iter().zip(pieces).enumerate().map(|(number, (key, mut piece))| {
            let (store, key) = (Arc::clone(&self.store), key.clone());
            async move {
                store.get(&key, GetOptions::new()).await?.body.read_into(&mut piece).await?;
                Ok((number, piece))
            }
        });
        let work: Vec<_> = work.collect();
        let watch = Watch::start(&self.store);
        let done = |outcome: Result<_>| {
            let (number, piece): (usize, _) = outcome?;
            read[number] = piece;
            Ok(())
        };
        jobs::run(&self.permits, AT_ONCE, stream::iter(work), done).await?;
        self.turns.push(watch.stop(&self.store));
        let joined = read.into_iter().reduce(|mut all, piece| {
            // No copy: each piece follows the one before it.
            all.unsplit(piece);
            all
        });
        let mut memory = joined.unwrap_or_default();
        self.objects.verify(&mut memory).map_err(|error| error.with_uri(self.store.uri()))?;
        Ok(memory)
    }
}

/// Gives the memory of `content` back, to be read into: it has been touched already.
pub(super) fn reclaim(content: Bytes) -> BytesMut {
    content.try_into_mut().unwrap_or_else(|content| BytesMut::from(content.as_ref()))
}

/// A measurement under way.
struct Watch {
    before: Work,
    processor: Duration,
    start: Instant,
}

impl Watch {
    fn start(store: &Arc<dyn Store>) -> Self {
        usage::forget_peak_memory();
        Self { before: store.stats().into(), processor: usage::processor_time(), start: Instant::now() }
    }

    fn stop(self, store: &Arc<dyn Store>) -> Turn {
        let time = self.start.elapsed();
        let processor = usage::processor_time().saturating_sub(self.processor);
        Turn { time, processor, work: Work::from(store.stats()).since(self.before) }
    }
}
