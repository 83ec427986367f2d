//! `Pipes`: pipes of the kernel that are kept for their next use.

use std::sync::{Mutex, PoisonError};

use rangeway_core::Pipe;

/// How many are kept. By default the pipes of a user without privileges may hold 64 MiB
/// (`/proc/sys/fs/pipe-user-pages-soft`), and these are half of that.
const MOST: usize = 32;

/// The pipes of a store. Transfers go through memory where there is none.
#[derive(Debug, Default)]
pub(crate) struct Pipes(Mutex<Vec<Pipe>>);

impl Pipes {
    /// An empty pipe, if there can be one that is worth its calls.
    pub(crate) fn take(&self) -> Option<Pipe> {
        self.idle().pop().or_else(system::open)
    }

    /// Keeps a pipe, unless something is in it.
    pub(crate) fn put(&self, pipe: Pipe) {
        let mut idle = self.idle();
        if pipe.length() == 0 && idle.len() < MOST {
            idle.push(pipe);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Pipe>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(target_os = "linux")]
mod system {
    use rangeway_core::Pipe;
    use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};

    /// The most that a user without privileges may ask for (`/proc/sys/fs/pipe-max-size`): 256 pieces of what came from
    /// the network, of a packet or more each.
    const SIZE: usize = 1 << 20;

    pub(super) fn open() -> Option<Pipe> {
        let open = || {
            let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
            fcntl_setpipe_size(&writer, SIZE)?;
            rustix::io::Result::Ok(Pipe::new(reader.into(), writer.into()))
        };
        open().inspect_err(|error| tracing::debug!(%error, "no pipe: bytes go through memory")).ok()
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn open() -> Option<rangeway_core::Pipe> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Other systems have none.
    #[cfg(target_os = "linux")]
    #[test]
    fn only_empty_pipes_are_kept() {
        let pipes = Pipes::default();
        let mut pipe = pipes.take().expect("a pipe");
        pipe.filled(1);
        pipes.put(pipe);
        assert_eq!(pipes.idle().len(), 0);
        let all: Vec<_> = (0..=MOST).map(|_| pipes.take().expect("a pipe")).collect();
        for pipe in all {
            pipes.put(pipe);
        }
        assert_eq!(pipes.idle().len(), MOST);
    }
}
