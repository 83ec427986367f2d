//! `rangeway mb`: makes a bucket.

use super::{Outcome, parse_bucket, report_bucket};
use crate::args::Mb;
use crate::context::Context;
use crate::exit_code::ExitCode;

pub(super) async fn run(args: &Mb, context: &Context) -> Outcome {
    let bucket = parse_bucket(&args.place, context)?;
    let backend = context.registry.backend(bucket.scheme())?;
    backend.create_container(&bucket, &context.settings.for_uri(&bucket)).await?;
    report_bucket(&bucket, "made", context)?;
    Ok(ExitCode::Success)
}
