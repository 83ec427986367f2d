//! `PageCache`: what the bytes of files do to the kernel's page cache, of a store and of one open file.

use std::fs::File;
use std::sync::Arc;

use rangeway_core::{Error, Operation, Result};

use crate::direct::{Direct, Pass};

/// What reads and writes of a store do to the page cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum PageCache {
    /// They go through it, and it keeps what it can.
    #[default]
    Keep,
    /// They go through it, and it is told to forget what was read or written. A write then waits for the disk, which
    /// must have the bytes before they can be forgotten.
    Drop,
    /// They go past it (`O_DIRECT`), as `direct://` does. Where the file system cannot, they go through it, and one
    /// warning for the store says so.
    Bypass,
}

impl PageCache {
    /// The value of the setting, which cannot bypass: that is what `direct://` is for.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "keep" => Ok(Self::Keep),
            "drop" => Ok(Self::Drop),
            _ => Err(Error::invalid(format!("page-cache is {text:?}, not `keep` or `drop`"))
                .with_operation(Operation::Configure)),
        }
    }
}

/// How the files of a store are read and written. Clones share what a warning needs to come only once.
#[derive(Debug, Clone)]
pub(crate) struct Caching {
    mode: PageCache,
    direct: Arc<Direct>,
}

impl Caching {
    pub(crate) fn new(mode: PageCache) -> Self {
        Self { mode, direct: Arc::default() }
    }

    /// Past the page cache, by these calls.
    #[cfg(test)]
    pub(crate) fn over(calls: crate::direct::Calls) -> Self {
        Self { mode: PageCache::Bypass, direct: Arc::new(Direct::over(calls)) }
    }

    /// The way to the bytes of a file that was just opened.
    pub(crate) fn way(&self, file: &File) -> Way {
        match self.mode {
            PageCache::Keep => Way::Cached,
            PageCache::Drop => Way::Forgotten,
            PageCache::Bypass => self.direct.pass(file).map_or(Way::Cached, Way::Direct),
        }
    }

    /// The same for copies, which the kernel makes through its page cache: a store that goes past it has them forgotten.
    pub(crate) fn of_copies(&self) -> Self {
        let mode = match self.mode {
            PageCache::Keep => PageCache::Keep,
            PageCache::Drop | PageCache::Bypass => PageCache::Drop,
        };
        Self { mode, direct: Arc::clone(&self.direct) }
    }
}

/// The way to the bytes of one open file.
#[derive(Debug)]
pub(crate) enum Way {
    /// Through the page cache.
    Cached,
    /// Through the page cache, which forgets them afterwards.
    Forgotten,
    /// Past the page cache.
    Direct(Pass),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_row_by_row() {
        for (text, expected) in [
            ("keep", Some(PageCache::Keep)),
            (" Drop ", Some(PageCache::Drop)),
            ("bypass", None),
            ("", None),
            ("true", None),
        ] {
            assert_eq!(PageCache::parse(text).ok(), expected, "{text:?}");
        }
    }
}
