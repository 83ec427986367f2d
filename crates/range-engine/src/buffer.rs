//! `Buffers`: memory for parts that is used again. Fresh memory is dear: the first touch of each page costs about as
//! much as the copy of its bytes.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};

use crate::memory;

/// Buffers of one size that wait for their next part.
#[derive(Debug)]
pub(crate) struct Buffers {
    size: usize,
    /// How many are kept.
    limit: usize,
    free: Mutex<Vec<BytesMut>>,
}

impl Buffers {
    pub(crate) fn new(size: usize, limit: usize) -> Arc<Self> {
        Arc::new(Self { size, limit, free: Mutex::default() })
    }

    /// An empty buffer with room for `length` bytes.
    pub(crate) fn take(self: &Arc<Self>, length: usize) -> Buffer {
        // A part that is much smaller would keep a large buffer from a large part.
        if length > self.size || length <= self.size / 2 {
            return Buffer { bytes: memory::with_capacity(length), home: None };
        }
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let bytes = free.unwrap_or_else(|| memory::with_capacity(self.size));
        Buffer { bytes, home: Some(Arc::clone(self)) }
    }
}

/// A buffer that goes back to where it came from when it, or the last of the `Bytes` made of it, is dropped.
#[derive(Debug)]
pub(crate) struct Buffer {
    pub(crate) bytes: BytesMut,
    home: Option<Arc<Buffers>>,
}

impl Buffer {
    pub(crate) fn freeze(mut self) -> Bytes {
        match self.home {
            Some(_) => Bytes::from_owner(self),
            None => std::mem::take(&mut self.bytes).freeze(),
        }
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(home) = &self.home {
            let mut free = home.free.lock().unwrap_or_else(PoisonError::into_inner);
            if free.len() < home.limit {
                self.bytes.clear();
                free.push(std::mem::take(&mut self.bytes));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_when_the_last_bytes_are_dropped() {
        let buffers = Buffers::new(1000, 1);
        let mut buffer = buffers.take(900);
        buffer.bytes.extend_from_slice(&[7; 900]);
        let bytes = buffer.freeze();
        let (address, slice) = (bytes.as_ptr(), bytes.slice(5..10));
        drop(bytes);
        assert_ne!(buffers.take(900).bytes.as_ptr(), address, "still in use");
        assert_eq!(slice, [7; 5].as_slice());
        drop(slice);
        let again = buffers.take(1000);
        assert!(again.bytes.is_empty() && again.bytes.capacity() >= 1000);
    }

    #[test]
    fn no_more_are_kept_than_allowed_and_none_of_another_size() {
        let buffers = Buffers::new(1000, 1);
        drop((buffers.take(1000), buffers.take(1000), buffers.take(10), buffers.take(5000)));
        let free = buffers.free.lock().expect("not poisoned");
        assert_eq!(free.iter().map(BytesMut::capacity).collect::<Vec<_>>(), [1000]);
    }
}
