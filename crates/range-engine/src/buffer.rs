//! `Buffers`: large memory that is used again. Fresh memory is dear: the first touch of each page costs about as much
//! as the copy of its bytes.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::memory;

/// Smaller memory is used again by the allocator itself, which asks the system for single larger pieces only.
const SMALLEST: usize = 1 << 20;

/// For so long, memory waits to be used again: a program that reads steadily asks for it sooner, and one that has
/// ended reading wants it back.
const KEPT: Duration = Duration::from_secs(10);

/// Memory that waits for its next use.
#[derive(Debug)]
pub(crate) struct Buffers {
    /// How many bytes there may be.
    limit: u64,
    /// Whether memory in use counts too.
    counts_used: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What waits, and since when, the oldest first.
    idle: Vec<(Instant, BytesMut)>,
    /// Buffers in use, and their bytes.
    used: (usize, u64),
    /// Frees what nobody asks for any more.
    sweeper: Option<JoinHandle<()>>,
}

impl Buffers {
    /// Memory of parts: what is in use and what waits are `limit` bytes at most, so that parts of changing sizes never
    /// hold more than parts of one size.
    pub(crate) fn for_parts(limit: u64) -> Arc<Self> {
        Arc::new(Self { limit, counts_used: true, state: Mutex::default() })
    }

    /// Memory of results: `limit` bytes may wait. What is in use is the caller's.
    pub(crate) fn for_results(limit: u64) -> Arc<Self> {
        Arc::new(Self { limit, counts_used: false, state: Mutex::default() })
    }

    /// Whether `length` more bytes in use stay within the limit.
    pub(crate) fn has_room(&self, length: usize) -> bool {
        self.with(|state| state.used.1 + length as u64 <= self.limit)
    }

    /// An empty buffer with room for `length` bytes.
    pub(crate) fn take(self: &Arc<Self>, length: usize) -> Buffer {
        if length < SMALLEST || length as u64 > self.limit {
            return Buffer { bytes: memory::with_capacity(length), lead: 0, size: 0, home: Weak::new() };
        }
        let (found, size, evicted) = self.with(|state| {
            let found = state.find(length);
            let size = found.as_ref().map_or(length, BytesMut::capacity);
            state.used.0 += 1;
            state.used.1 += size as u64;
            let evicted = if self.counts_used { state.evict(self.limit) } else { Vec::new() };
            if state.sweeper.as_ref().is_none_or(JoinHandle::is_finished)
                && let Ok(runtime) = Handle::try_current()
            {
                state.sweeper = Some(runtime.spawn(sweep(Arc::downgrade(self))));
            }
            (found, size, evicted)
        });
        free(evicted);
        let bytes = found.unwrap_or_else(|| memory::with_capacity(length));
        Buffer { bytes, lead: 0, size, home: Arc::downgrade(self) }
    }

    /// A buffer with room for `length` bytes that stand at `position` of an object: a disk can put them there without the
    /// help of the processor.
    pub(crate) fn take_at(self: &Arc<Self>, position: u64, length: usize) -> Buffer {
        let lead = memory::lead(position, length);
        let mut buffer = self.take(length.saturating_add(lead));
        buffer.bytes.resize(lead, 0);
        buffer.lead = lead;
        buffer
    }

    /// Bytes that wait for their next use.
    #[cfg(test)]
    pub(crate) fn idle_bytes(&self) -> u64 {
        self.with(|state| state.idle_bytes())
    }

    /// Takes back what `take` gave.
    fn put(&self, mut bytes: BytesMut, size: usize) {
        let too_much = self.with(|state| {
            state.used.0 -= 1;
            state.used.1 -= size as u64;
            // A piece of it may be in the hands of a task that has not noticed yet that nobody waits for it: then
            // this is less than the whole, and the last piece frees the memory.
            let whole = bytes.capacity() >= size;
            let used = if self.counts_used { state.used.1 } else { 0 };
            if whole && state.idle_bytes() + used + size as u64 <= self.limit {
                bytes.clear();
                state.idle.push((Instant::now(), std::mem::take(&mut bytes)));
            }
            bytes
        });
        memory::free(too_much);
    }

    /// Frees what has waited for too long, and says how long the rest may wait; `None` when nothing is left or out.
    fn sweep(&self) -> Option<Duration> {
        let (next, old) = self.with(|state| {
            let now = Instant::now();
            let fresh = state.idle.partition_point(|(since, _)| now.duration_since(*since) >= KEPT);
            let old: Vec<_> = state.idle.drain(..fresh).collect();
            let next = match state.idle.first() {
                Some((since, _)) => Some(KEPT.saturating_sub(now.duration_since(*since))),
                None => (state.used.0 > 0).then_some(KEPT),
            };
            if next.is_none() {
                state.sweeper = None;
            }
            (next, old)
        });
        free(old);
        next
    }

    /// Memory that `change` gives back is freed after the lock: that takes time.
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn idle_bytes(&self) -> u64 {
        self.idle.iter().map(|(_, bytes)| bytes.capacity() as u64).sum()
    }

    /// The smallest idle buffer for `length` bytes that is at most a quarter larger.
    fn find(&mut self, length: usize) -> Option<BytesMut> {
        let fits = length..=length.saturating_add(length / 4);
        let candidates =
            self.idle.iter().enumerate().filter(|(_, (_, bytes))| fits.contains(&bytes.capacity()));
        let (index, _) = candidates.min_by_key(|(_, (_, bytes))| bytes.capacity())?;
        Some(self.idle.remove(index).1)
    }

    /// Takes out the oldest, until all that there is stays within `limit`.
    fn evict(&mut self, limit: u64) -> Vec<(Instant, BytesMut)> {
        let mut bytes = self.idle_bytes() + self.used.1;
        let count = self.idle.iter().take_while(|(_, idle)| {
            let more = bytes > limit;
            bytes -= idle.capacity() as u64;
            more
        });
        let count = count.count();
        self.idle.drain(..count).collect()
    }
}

fn free(buffers: Vec<(Instant, BytesMut)>) {
    for (_, bytes) in buffers {
        memory::free(bytes);
    }
}

/// Frees old memory until there is none left, or the buffers are gone.
async fn sweep(buffers: Weak<Buffers>) {
    let mut next = Some(KEPT);
    while let Some(wait) = next {
        tokio::time::sleep(wait).await;
        next = buffers.upgrade().and_then(|buffers| buffers.sweep());
    }
}

/// A buffer that goes back to where it came from when it, or the last of the `Bytes` made of it, is dropped.
#[derive(Debug)]
pub(crate) struct Buffer {
    pub(crate) bytes: BytesMut,
    /// How many bytes before the first one are none of the object's.
    lead: usize,
    /// The capacity of the whole: `bytes` has less while a piece of it is elsewhere.
    size: usize,
    home: Weak<Buffers>,
}

impl Buffer {
    pub(crate) fn freeze(mut self) -> Bytes {
        let lead = self.lead;
        let mut bytes = if self.home.strong_count() > 0 {
            Bytes::from_owner(self)
        } else {
            std::mem::take(&mut self.bytes).freeze()
        };
        bytes.advance(lead);
        bytes
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(home) = self.home.upgrade() {
            home.put(std::mem::take(&mut self.bytes), self.size);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;
    const LIMIT: u64 = 64 << 20;

    fn idle(buffers: &Buffers) -> Vec<usize> {
        buffers.with(|state| state.idle.iter().map(|(_, bytes)| bytes.capacity() / MIB).collect())
    }

    #[test]
    fn memory_is_used_again_when_the_last_bytes_are_dropped() {
        let buffers = Buffers::for_results(LIMIT);
        let mut buffer = buffers.take(2 * MIB);
        buffer.bytes.resize(2 * MIB, 7);
        let bytes = buffer.freeze();
        let (address, slice) = (bytes.as_ptr(), bytes.slice(5..10));
        drop(bytes);
        assert!(idle(&buffers).is_empty(), "still in use");
        assert_eq!(slice, [7; 5].as_slice());
        drop(slice);
        let again = buffers.take(2 * MIB - 1000);
        assert!(again.bytes.is_empty() && again.bytes.as_ptr() == address);
    }

    #[test]
    fn bytes_begin_in_memory_where_they_do_in_a_block_of_a_disk() {
        let buffers = Buffers::for_results(LIMIT);
        for length in [1 << 16, 2 * MIB, 5 * MIB, 65 * MIB] {
            for position in [0, 1, 512, 5000] {
                let mut buffer = buffers.take_at(position, length);
                buffer.bytes.extend_from_slice(b"bytes");
                let bytes = buffer.freeze();
                assert_eq!(bytes, "bytes");
                assert_eq!(bytes.as_ptr().addr() as u64 % 4096, position % 4096, "{length} {position}");
            }
        }
        assert!(buffers.take_at(5000, 5).freeze().is_empty());
    }

    #[test]
    fn the_smallest_that_fits_is_taken_and_none_that_is_much_larger() {
        let buffers = Buffers::for_results(LIMIT);
        drop([10, 5, 6, 4].map(|size| buffers.take(size * MIB)));
        for (asked, left) in
            [(5, vec![10, 6, 4]), (5, vec![10, 4]), (5, vec![10, 4]), (3, vec![10, 4]), (9, vec![4])]
        {
            std::mem::forget(buffers.take(asked * MIB));
            assert_eq!(idle(&buffers), left, "{asked}");
        }
    }

    #[test]
    fn no_more_is_kept_than_allowed() {
        let results = Buffers::for_results(10 << 20);
        let in_use = results.take(8 * MIB);
        drop([results.take(6 * MIB), results.take(6 * MIB), results.take(11 * MIB), results.take(MIB - 1)]);
        assert_eq!(idle(&results), [6]);
        drop(in_use);
        assert_eq!(idle(&results), [6]);
        let off = Buffers::for_results(0);
        drop(off.take(8 * MIB));
        assert!(idle(&off).is_empty());
    }

    #[test]
    fn parts_of_a_new_size_take_the_place_of_others() {
        let parts = Buffers::for_parts(16 << 20);
        drop([parts.take(4 * MIB), parts.take(4 * MIB), parts.take(4 * MIB)]);
        assert_eq!(idle(&parts), [4, 4, 4]);
        let large = parts.take(8 * MIB);
        assert_eq!(idle(&parts), [4, 4]);
        assert!(parts.has_room(8 * MIB) && !parts.has_room(8 * MIB + 1));
        let another = parts.take(8 * MIB);
        assert!(idle(&parts).is_empty() && !parts.has_room(1));
        drop(parts.take(2 * MIB));
        assert!(idle(&parts).is_empty(), "all of the limit is in use");
        drop((large, another));
        assert_eq!(idle(&parts), [8, 8]);
    }

    #[test]
    fn memory_that_somebody_may_still_write_does_not_come_back() {
        let buffers = Buffers::for_results(LIMIT);
        let mut buffer = buffers.take(4 * MIB);
        let mut piece = buffer.bytes.split_off(2 * MIB);
        drop(buffer);
        assert!(idle(&buffers).is_empty());
        piece.extend_from_slice(b"late");
        drop(piece);
        assert!(idle(&buffers).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_asks_for_is_freed() {
        let buffers = Buffers::for_results(LIMIT);
        let (early, late) = (buffers.take(2 * MIB), buffers.take(3 * MIB));
        tokio::time::sleep(3 * KEPT).await;
        drop(early);
        tokio::time::sleep(KEPT / 2).await;
        drop(late);
        assert_eq!(idle(&buffers), [2, 3]);
        tokio::time::sleep(KEPT * 3 / 4).await;
        assert_eq!(idle(&buffers), [3]);
        tokio::time::sleep(KEPT).await;
        assert!(idle(&buffers).is_empty());
        assert!(buffers.with(|state| state.sweeper.is_none()), "nothing left to do");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_keeps_the_memory_of_a_store_that_is_gone() {
        let buffers = Buffers::for_results(LIMIT);
        let (out, watch) = (buffers.take(2 * MIB), Arc::downgrade(&buffers));
        drop(buffers);
        assert_eq!(watch.strong_count(), 0);
        assert_eq!(out.freeze().len(), 0);
    }
}
