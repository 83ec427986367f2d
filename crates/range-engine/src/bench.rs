//! What the benchmarks reach of the inside. A promise to nobody: it changes with what it shows.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::buffer::Buffers;
use crate::controller::Controller;
use crate::part_size::{Known, Left, Sizes};
use crate::stats::Counters;
use crate::{Policy, window};

/// Plans a read of `length` bytes, 64 parts in flight; how many parts it has.
pub fn plan(length: u64) -> u64 {
    let policy = Policy::network();
    let sizes = Sizes::new(policy.part_size, length);
    // Amazon S3: 90 MB/s after 30 ms.
    let known = Known { lag: Some(2_700_000), may_grow: true };
    let mut left = Left { unplanned: length, unfinished: 0, slots: 64, memory: u64::MAX };
    let mut parts = 0;
    while left.unplanned > 0 {
        left.unplanned -= sizes.next(left, known);
        parts += 1;
    }
    parts
}

/// A window that looks for its size.
#[derive(Debug)]
pub struct Window(window::Window);

impl Window {
    /// One that begins at `start` requests.
    pub fn new(start: usize) -> Self {
        Self(window::Window::new(start, None))
    }

    /// A request has ended, and others were held back; the new size.
    pub fn completed(&mut self, now: Duration, bytes: u64) -> usize {
        self.0.completed(now, bytes, true);
        self.0.size()
    }
}

/// The right to have requests in flight, as transfers of one store share it.
#[derive(Debug)]
pub struct Permits(Controller);

impl Permits {
    /// Those of a store across a network.
    pub fn new() -> Self {
        Self(Controller::new(&Policy::network(), Arc::<Counters>::default()))
    }

    /// The right to one request, given back when dropped.
    pub async fn acquire(&self) -> impl Send + use<> {
        self.0.acquire().await
    }
}

impl Default for Permits {
    fn default() -> Self {
        Self::new()
    }
}

/// Memory of results.
#[derive(Debug)]
pub struct Memory(Arc<Buffers>);

impl Memory {
    /// Memory of which `limit` bytes may wait for their next use.
    pub fn new(limit: u64) -> Self {
        Self(Buffers::for_results(limit))
    }

    /// A result of `length` bytes, each of them written.
    pub fn filled(&self, length: usize) -> Bytes {
        let mut buffer = self.0.take(length);
        buffer.bytes.resize(length, 7);
        buffer.freeze()
    }

    /// Takes memory for a result, and gives it back; how much it was.
    pub fn taken(&self, length: usize) -> usize {
        self.0.take(length).bytes.capacity()
    }
}
