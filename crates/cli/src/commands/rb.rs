//! `rangeway rb`: removes a bucket, which must be empty unless it is to be emptied first.

use futures::StreamExt;
use rangeway::{Error, ErrorKind, ListOptions, Operation, Result, StoreUri};

use super::tally::Tally;
use super::tree::Tree;
use super::{Outcome, parse_bucket, report_bucket, rm};
use crate::args::Rb;
use crate::context::Context;
use crate::exit_code::ExitCode;

pub(super) async fn run(args: &Rb, context: &Context) -> Outcome {
    let bucket = parse_bucket(&args.place, context)?;
    if args.force {
        let mut tally = Tally::default();
        rm::delete_below(Tree::open(context, &bucket, false).await?, context, &mut tally).await?;
        if tally.failed() > 0 {
            return Ok(tally.exit_code(tally.succeeded() == 0 && tally.failed() == 1));
        }
    } else {
        check_empty(&bucket, context).await?;
    }
    let backend = context.registry.backend(bucket.scheme())?;
    let removed = backend.delete_container(&bucket, &context.settings.for_uri(&bucket)).await;
    removed.map_err(|error| match error.kind() {
        ErrorKind::PreconditionFailed if error.hint().is_none() => with_force_hint(error),
        _ => error,
    })?;
    report_bucket(&bucket, "removed", context)?;
    Ok(ExitCode::Success)
}

/// Some servers remove a bucket with all that is in it, so the service's own check is not relied on.
async fn check_empty(bucket: &StoreUri, context: &Context) -> Result<()> {
    let first = context.store(bucket)?.list(ListOptions::new()).next().await;
    if !matches!(first, Some(Ok(_))) {
        // Who may not list may still remove: what the service says counts.
        return Ok(());
    }
    let error = Error::new(ErrorKind::PreconditionFailed, "the bucket is not empty");
    Err(with_force_hint(error.with_operation(Operation::Container).with_uri(bucket)))
}

fn with_force_hint(error: Error) -> Error {
    error.with_hint("rangeway rb --force deletes what is in it first")
}
