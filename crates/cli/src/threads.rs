//! The threads that the program runs on, and how many of them there are.

use rangeway::{Error, ErrorKind, Operation, Result, Settings};
use tokio::runtime::{Builder, Runtime};

use crate::settings::THREADS;

/// Far more than help anywhere; a number with a digit too many is found before the system runs out of threads.
const MOST: usize = 1024;

/// Starts the threads that `settings` ask for.
///
/// # Errors
/// `InvalidInput` that names the setting; `Io` when the system gives no threads.
pub(crate) fn start(settings: &Settings) -> Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    if let Some(threads) = count(settings)? {
        builder.worker_threads(threads);
    }
    let started = builder.enable_all().build();
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
