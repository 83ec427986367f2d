//! The threads that the program runs on, and how many of them there are.

use std::num::NonZero;

use rangeway::{Error, ErrorKind, Operation, Result, Settings};
use tokio::runtime::{Builder, Runtime};

use crate::settings::THREADS;

/// As many threads as there are cores, and no more of them than this, which is ahead of any network: one reads some
/// 4 GiB/s.
///
/// More threads than cores only cost. On 2 cores, against a server on the same machine (medians of 6 runs), 1, 2, 4 and 8
/// threads took 0.21, 0.22, 0.25 and 0.37 CPU-s/GiB for `cat` of 4 GiB; 0.59, 0.60, 0.64 and 0.67 for `cp` of 2 GiB to a
/// file; 1.10, 1.14, 1.18 and 1.36 for `cp -r` of 10,000 objects of 64 KiB from bucket to bucket. More
/// threads brought no higher rates.
const ENOUGH: usize = 32;

/// Far more than help anywhere; a number with a digit too many is found before the system runs out of threads.
const MOST: usize = 1024;

/// Starts the threads that `settings` ask for.
///
/// # Errors
/// `InvalidInput` that names the setting; `Io` when the system gives no threads.
pub(crate) fn start(settings: &Settings) -> Result<Runtime> {
    let cores = || std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = count(settings)?.unwrap_or_else(|| cores().min(ENOUGH));
    let started = Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    started.map_err(|error| Error::new(ErrorKind::Io, "cannot start the threads").with_source(error))
}

/// How many threads are asked for.
fn count(settings: &Settings) -> Result<Option<usize>> {
    let threads = settings.count(&THREADS)?;
    if threads.is_none_or(|threads| (1..=MOST).contains(&threads)) {
        return Ok(threads);
    }
    Err(Error::invalid(format!("threads is not a number from 1 to {MOST}"))
        .with_operation(Operation::Configure))
}

#[cfg(test)]
mod tests {
    use rangeway::Env;

    use super::*;

    #[test]
    fn numbers_row_by_row() {
        for (variables, option, threads) in [
            (vec![], None, Some(None)),
            (vec![("RANGEWAY_THREADS", "3")], None, Some(Some(3))),
            (vec![("S3DLIO_RT_THREADS", "4")], None, Some(Some(4))),
            (vec![("RANGEWAY_THREADS", "3"), ("S3DLIO_RT_THREADS", "4")], Some("5"), Some(Some(5))),
            (vec![], Some("0"), None),
            (vec![], Some("1025"), None),
            (vec![], Some("all"), None),
        ] {
            let settings = Settings::new(variables.iter().copied().collect::<Env>());
            let settings = option.into_iter().fold(settings, |all, threads| all.set("threads", threads));
            assert_eq!(count(&settings).ok(), threads, "{variables:?} {option:?}");
        }
    }
}
