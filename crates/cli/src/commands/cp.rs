//! `rangeway cp`: objects and files in any direction, one or many, and standard input and output.

mod object;
mod plan;
mod report;
mod stdio;
mod target;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rangeway::{Error, Result, StoreUri};

use super::Outcome;
use crate::args::Cp;
use crate::context::Context;
use crate::jobs;
use crate::location::Location;
use crate::output::Stop;
use object::Copier;
use report::Report;
use target::Target;

pub(super) async fn run(args: Cp, context: &Arc<Context>) -> Outcome {
    let (target, sources) = args.places.split_last().expect("clap asks for two places at least");
    let location = |argument: &String| Location::parse(argument, &context.registry);
    let sources = sources.iter().map(location).collect::<Result<Vec<_>>>()?;
    match (sources.as_slice(), location(target)?) {
        ([Location::Place(source)], Location::Stdio) if !args.recursive && !args.dry_run => {
            stdio::to_stdout(source, context).await
        }
        ([Location::Stdio], Location::Place(target)) if !args.recursive && !args.dry_run => {
            stdio::from_stdin(target, args, context).await
        }
        (_, Location::Stdio) => {
            Err(Error::invalid("standard output takes one object, without -r and --dry-run").into())
        }
        (sources, Location::Place(target)) => {
            let places = sources.iter().map(|source| match source {
                Location::Place(place) => Ok(place.clone()),
                Location::Stdio => {
                    Err(Error::invalid("standard input stands alone, without -r and --dry-run"))
                }
            });
            let places = places.collect::<Result<Vec<_>>>()?;
            let target = Target::new(target, places.len() > 1)?;
            target.check_names(&places)?;
            copy(&places, &target, args, context).await
        }
    }
}

/// Copies from stores to a store.
async fn copy(sources: &[StoreUri], target: &Target, args: Cp, context: &Arc<Context>) -> Outcome {
    let limit = usize::from(args.jobs);
    let is_one = sources.len() == 1;
    let mut report = Report::new(Arc::clone(context), is_one, args.dry_run);
    let copier = Arc::new(Copier::new(args, target, sources, context)?);
    for (number, source) in (1..).zip(sources) {
        let items = match plan::items(source, target, &copier, context).await {
            Ok(items) => items,
            Err(error) if sources.len() > 1 => {
                report.fail(&error);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let work = plan::work(items, Arc::clone(&copier), number == sources.len());
        jobs::run(context.jobs(), limit, work, |copied| report.add(&copied)).await?;
    }
    // Takes the progress bar away.
    drop(copier);
    report.finish();
    Ok::<_, Stop>(report.exit_code())
}
