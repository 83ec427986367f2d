//! The calls of the system that switch the page cache off and on, and say what a disk asks for.

#[cfg(target_os = "linux")]
pub(super) use linux::{alignment, cached, disable, enable};
#[cfg(not(target_os = "linux"))]
pub(super) use other::{alignment, cached, disable, enable};

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;

    use rustix::fs::{AtFlags, OFlags, StatxFlags, fcntl_getfl, fcntl_setfl, fstatfs, statx};
    use rustix::io::Result;

    use crate::direct::Alignment;
    use crate::platform::TMPFS;

    /// What the disk of `file` asks for; `None` where there is none to go to directly. Kernels before 6.1, and file
    /// systems that do not say, get what is usual.
    pub(crate) fn alignment(file: &File) -> Option<Alignment> {
        match statx(file, "", AtFlags::EMPTY_PATH, StatxFlags::DIOALIGN) {
            Ok(stat) if StatxFlags::from_bits_retain(stat.stx_mask).contains(StatxFlags::DIOALIGN) => {
                let memory = usize::try_from(stat.stx_dio_mem_align).ok()?;
                let offset = u64::from(stat.stx_dio_offset_align);
                (memory > 0 && offset > 0).then_some(Alignment { memory, offset })
            }
            _ => {
                let in_memory = fstatfs(file).is_ok_and(|system| system.f_type == TMPFS);
                (!in_memory).then_some(Alignment::USUAL)
            }
        }
    }

    /// Whether `file` goes past the page cache from now on.
    pub(crate) fn enable(file: &File) -> bool {
        set(file, OFlags::DIRECT, true).is_ok()
    }

    /// Whether `file` goes through the page cache from now on.
    pub(crate) fn disable(file: &File) -> bool {
        set(file, OFlags::DIRECT, false).is_ok()
    }

    /// Does `work` with `file` through the page cache.
    pub(crate) fn cached<T>(file: &File, work: impl FnOnce() -> Result<T>) -> Result<T> {
        set(file, OFlags::DIRECT, false)?;
        let done = work();
        set(file, OFlags::DIRECT, true)?;
        done
    }

    fn set(file: &File, flag: OFlags, on: bool) -> Result<()> {
        let mut flags = fcntl_getfl(file)?;
        flags.set(flag, on);
        fcntl_setfl(file, flags)
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use std::fs::File;

    use rustix::io::Result;

    use crate::direct::Alignment;

    /// Only Linux says what a disk asks for.
    pub(crate) fn alignment(_: &File) -> Option<Alignment> {
        None
    }

    pub(crate) fn enable(_: &File) -> bool {
        false
    }

    pub(crate) fn disable(_: &File) -> bool {
        true
    }

    pub(crate) fn cached<T>(_: &File, work: impl FnOnce() -> Result<T>) -> Result<T> {
        work()
    }
}
