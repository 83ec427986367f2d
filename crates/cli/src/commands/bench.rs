//! `rangeway bench`: writes objects of some sizes, reads them back, verifies every byte, says how fast that was, and
//! removes what it wrote.

mod cases;
mod show;

use std::sync::Arc;

use rangeway::{Error, Result, Settings, StoreUri};

use super::Outcome;
use super::lane::{Lane, Objects, reclaim};
use crate::args::{Bench, Measured};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::location;
use crate::output::Stop;
use crate::scratch::Scratch;
use cases::{Case, cases};
use show::Table;

pub(super) async fn run(args: &Bench, context: &Arc<Context>) -> Outcome {
    let place = location::parse_place(&args.place, &context.registry)?;
    check_place(&place)?;
    let scratch = context.scratch(&place, args.keep)?;
    let cases = cases(args);
    let objects = cases.iter().map(|case| objects(*case, &scratch)).collect::<Result<Vec<_>>>()?;
    let output = &context.output;
    let shown = location::shown(scratch.place());
    output.progress_line(&format!("Now writing to {shown} and reading back ...\n"))?;
    let mut table = Table::new(Arc::clone(output), args.iterations);
    let mut ended = Ok(());
    for objects in objects {
        ended = measure(objects, args, &scratch, context, &mut table).await;
        if ended.is_err() {
            break;
        }
    }
    // Also after a failure, and before it is told.
    let removed = context.remove_scratch().await;
    ended?;
    removed?;
    table.finish()?;
    if args.keep {
        output.note(&format!("the objects stay below {shown}"));
    }
    Ok(ExitCode::Success)
}

/// Refuses what is no bucket, prefix or existing folder.
fn check_place(place: &StoreUri) -> Result<()> {
    let shown = location::shown(place);
    if location::local_path(place).is_some() {
        return if location::is_local_folder(place) {
            Ok(())
        } else {
            Err(Error::invalid(format!("{shown} is not a folder")))
        };
    }
    if place.container().is_empty() {
        return Err(Error::invalid(format!("{shown} is not a bucket")).with_hint("write it as s3://bucket"));
    }
    Ok(())
}

fn objects(case: Case, scratch: &Scratch) -> Result<Objects> {
    let keys = scratch.keys(&case.size.to_string(), case.count);
    Objects::new(keys, case.size, fastrand::u64(..))
}

/// Measures one case.
async fn measure(
    objects: Objects,
    args: &Bench,
    scratch: &Scratch,
    context: &Context,
    table: &mut Table,
) -> Result<(), Stop> {
    let lane = |settings: &Settings| -> Result<Lane> {
        let store = context.another_store(scratch.place(), settings)?;
        Ok(Lane::new(store, objects.clone(), context.jobs()))
    };
    let bytes = objects.content();
    let mut write = lane(&context.settings)?;
    let is_measured = args.only != Some(Measured::Get);
    for _ in 0..if is_measured { args.iterations } else { 1 } {
        write.put(&bytes).await?;
    }
    if is_measured {
        table.row("write", &write)?;
    }
    if args.only == Some(Measured::Put) {
        return Ok(());
    }
    let mut memory = reclaim(bytes);
    let mut lanes = vec![(show::READ, lane(&context.settings)?)];
    if objects.count() == 1 {
        // One request for everything, as a plain client sends it.
        let single = context.settings.clone().set("threshold", objects.size().to_string());
        lanes.push((show::READ_ONE_STREAM, lane(&single.set("in-flight", "1"))?));
    }
    for (_, lane) in &lanes {
        lane.warm_up(&mut memory).await?;
    }
    for _ in 0..args.iterations {
        for (_, lane) in &mut lanes {
            memory = lane.get(memory).await?;
        }
    }
    lanes.iter().try_for_each(|(operation, lane)| table.row(operation, lane))
}
