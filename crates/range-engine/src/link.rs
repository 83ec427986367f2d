//! `Link`: what is known of a service and the way to it before anything has been measured.

use std::time::Duration;

/// What kind of service a store is, and how it is reached: where the search for the number of requests begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Amazon S3, and services like it, from a machine in the same region.
    Aws,
    /// Storage made for speed, on the same network as its clients.
    HighPerformance,
}

/// Whether bytes come or go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Down,
    Up,
}

impl Link {
    /// Bytes per second that one connection brings or takes.
    fn per_connection(self, direction: Direction) -> u64 {
        match (self, direction) {
            (Self::Aws, Direction::Down) => 90_000_000,
            (Self::Aws, Direction::Up) => 20_000_000,
            (Self::HighPerformance, Direction::Down) => 150_000_000,
            (Self::HighPerformance, Direction::Up) => 100_000_000,
        }
    }

    /// From a request to the first byte of its answer: the lower end of the 25 to 100 ms that services name.
    fn latency(self) -> Duration {
        match self {
            Self::Aws => Duration::from_millis(30),
            Self::HighPerformance => Duration::from_millis(25),
        }
    }

    /// With how many requests in flight the search begins when no rate is asked for: what brings 1 GB/s from Amazon S3,
    /// and 3 GB/s from faster storage, in parts of 8 MiB.
    fn usual(self) -> usize {
        match self {
            Self::Aws => 16,
            Self::HighPerformance => 32,
        }
    }

    /// With how many requests in flight, each for `part_size` bytes, the search begins: what brings `target` bytes per
    /// second, if one is given.
    pub(crate) fn start(self, direction: Direction, target: Option<u64>, part_size: u64) -> usize {
        let Some(target) = target else { return self.usual() };
        let body = u128::from(part_size) * 1_000_000 / u128::from(self.per_connection(direction));
        let each = u128::from(part_size) * 1_000_000 / (body + self.latency().as_micros()).max(1);
        usize::try_from(u128::from(target).div_ceil(each.max(1))).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_row_by_row() {
        const GBIT: u64 = 125_000_000;
        for (link, direction, target, start) in [
            (Link::Aws, Direction::Down, None, 16),
            (Link::Aws, Direction::Up, None, 16),
            (Link::HighPerformance, Direction::Down, None, 32),
            (Link::Aws, Direction::Down, Some(10 * GBIT), 19),
            (Link::Aws, Direction::Down, Some(25 * GBIT), 46),
            (Link::Aws, Direction::Up, Some(25 * GBIT), 168),
            (Link::HighPerformance, Direction::Down, Some(100 * GBIT), 121),
            (Link::Aws, Direction::Down, Some(1), 1),
        ] {
            assert_eq!(link.start(direction, target, 8 << 20), start, "{link:?} {direction:?} {target:?}");
        }
    }
}
