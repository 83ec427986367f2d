//! `Case`: objects of one size, and how many of them are moved.

use crate::args::Bench;

/// What is measured unless a size is given: a size at which requests are what costs, one at which both do, and one
/// that is split into many parts. Together they move 3.4 GB in three iterations: half a minute at 1 Gbit/s.
const SIZES: [u64; 3] = [64 << 10, 8 << 20, 256 << 20];

/// Objects are as many as these bytes hold: a second at 1 Gbit/s.
const BYTES: u64 = 128 << 20;

/// Where requests take 30 ms, and 32 are under way at once, this many take half a second.
const MOST: u64 = 512;

/// Objects of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Case {
    /// In bytes.
    pub(super) size: u64,
    pub(super) count: usize,
}

/// The cases that are asked for.
pub(super) fn cases(args: &Bench) -> Vec<Case> {
    let sizes = args.size.map_or_else(|| SIZES.to_vec(), |size| vec![size]);
    let count = |size: u64| match args.count {
        Some(count) => u64::from(count),
        None => (BYTES / size.max(1)).clamp(1, MOST),
    };
    let case = |size| Case { size, count: usize::try_from(count(size)).unwrap_or(usize::MAX) };
    sizes.into_iter().map(case).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    #[test]
    fn cases_row_by_row() {
        for (line, expected) in [
            ("", vec![(64 << 10, 512), (8 << 20, 16), (256 << 20, 1)]),
            ("--size 1GiB", vec![(1 << 30, 1)]),
            ("--size 1MiB", vec![(1 << 20, 128)]),
            ("--size 1", vec![(1, 512)]),
            ("--size 0", vec![(0, 512)]),
            ("--size 4KiB --count 10000", vec![(4 << 10, 10_000)]),
        ] {
            let line = format!("rangeway bench s3://b {line}");
            let cli = Cli::try_parse_from(line.split_whitespace()).expect(&line);
            let Command::Bench(args) = cli.command else { panic!("{line}") };
            let found: Vec<_> = cases(&args).iter().map(|case| (case.size, case.count)).collect();
            assert_eq!(found, expected, "{line}");
        }
        assert!(Cli::try_parse_from(["rangeway", "bench", "s3://b", "--count", "3"]).is_err());
    }
}
