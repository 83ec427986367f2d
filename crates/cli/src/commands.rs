//! The commands, one file each.

mod bench;
mod cat;
mod completions;
mod cp;
#[cfg(feature = "demo")]
mod demo;
mod lane;
mod ls;
mod mb;
mod rb;
mod rm;
mod stat;
mod tally;
mod tree;

use std::sync::Arc;

use rangeway::{Error, Operation, Result, StoreUri};
use serde::Serialize;

use crate::args::Command;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::location;
use crate::output::{Stop, unless_closed};

/// How a command ends when nothing stops it.
type Outcome = Result<ExitCode, Stop>;

/// Runs a command to its end.
pub(crate) async fn run(command: Command, context: &Arc<Context>) -> Outcome {
    let ended = dispatch(command, context).await;
    context.show_work();
    let code = ended?;
    match context.left_out() {
        0 => Ok(code),
        left_out => {
            let entries = if left_out == 1 { "entry was" } else { "entries were" };
            context.output.error(
                &Error::unsupported(format!(
                    "{left_out} {entries} left out: names that are not UTF-8 cannot be keys"
                ))
                .with_operation(Operation::List),
            );
            Ok(if code == ExitCode::Success { ExitCode::Failed } else { code })
        }
    }
}

async fn dispatch(command: Command, context: &Arc<Context>) -> Outcome {
    match command {
        Command::Cp(args) => cp::run(args, context).await,
        Command::Ls(args) => ls::run(&args, context).await,
        Command::Cat(args) => cat::run(&args, context).await,
        Command::Stat(args) => stat::run(&args, context).await,
        Command::Rm(args) => rm::run(&args, context).await,
        Command::Mb(args) => mb::run(&args, context).await,
        Command::Rb(args) => rb::run(&args, context).await,
        Command::Bench(args) => bench::run(&args, context).await,
        #[cfg(feature = "demo")]
        Command::Demo(args) => demo::run(&args, context).await,
        Command::Completions(args) => completions::run(&args, context),
    }
}

/// Reads an argument that must name one object.
fn parse_object(argument: &str, context: &Context) -> Result<StoreUri> {
    let place = location::parse_place(argument, &context.registry)?;
    check_object(&place, "rangeway ls shows what is in it", context)?;
    Ok(place)
}

/// Refuses a place that is a bucket or a folder.
fn check_object(place: &StoreUri, hint: &str, context: &Context) -> Result<()> {
    let what = if location::is_local_folder(place) {
        "a folder"
    } else if place.key().is_empty() && context.store(place)?.capabilities().list {
        "a bucket"
    } else {
        // The front page of a web server is a file of it.
        return Ok(());
    };
    Err(Error::invalid(format!("{} is {what}, not an object", location::shown(place))).with_hint(hint))
}

/// Reads an argument that must name a bucket.
fn parse_bucket(argument: &str, context: &Context) -> Result<StoreUri> {
    let place = location::parse_place(argument, &context.registry)?;
    if place.container().is_empty() || !place.key().is_empty() {
        return Err(Error::invalid(format!("{} is not a bucket", location::shown(&place)))
            .with_hint("write it as s3://bucket"));
    }
    context.registry.check_names(&place, &context.settings)?;
    Ok(place)
}

#[derive(Serialize)]
struct BucketRecord<'a> {
    place: String,
    bucket: &'a str,
    status: &'static str,
}

/// Shows what became of a bucket.
fn report_bucket(place: &StoreUri, status: &'static str, context: &Context) -> Result<(), Stop> {
    let output = &context.output;
    output.summary(&format!("{status} {place}"));
    if !output.is_json() {
        return Ok(());
    }
    let record = BucketRecord { place: location::shown(place), bucket: place.container(), status };
    unless_closed(output.record(&record))
}
