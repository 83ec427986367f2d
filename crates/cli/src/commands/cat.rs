//! `rangeway cat`: the bytes of objects to standard output, in order.

use rangeway::{Body, Error, ErrorKind, GetOptions, GetRange, HeadOptions, Result, StoreUri};

use super::{Outcome, parse_object};
use crate::args::Cat;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::location;
use crate::output::{ByteSink, Stop};

pub(super) async fn run(args: &Cat, context: &Context) -> Outcome {
    let mut sink = context.output.bytes()?;
    // What was read before an error is written all the same, as other tools do.
    let result = copy_all(args, context, &mut sink).await;
    sink.finish().await?;
    result.map(|()| ExitCode::Success)
}

/// Stops at the first failure: what follows a gap is not what was asked for.
async fn copy_all(args: &Cat, context: &Context, sink: &mut ByteSink) -> Result<(), Stop> {
    let places: Vec<_> =
        args.places.iter().map(|place| parse_object(place, context)).collect::<Result<_, _>>()?;
    for place in places {
        let Some(mut body) = open(&place, args, context).await? else { continue };
        while let Some(chunk) = body.chunk().await? {
            sink.write(chunk).await?;
        }
    }
    Ok(())
}

/// The bytes that are wanted of an object; `None` where there are none.
async fn open(place: &StoreUri, args: &Cat, context: &Context) -> Result<Option<Body>> {
    let store = context.store(place)?;
    let range = match (args.offset, args.length) {
        (_, Some(0)) => {
            // No range says "nothing", but the object must be there all the same.
            store.head(place.key(), HeadOptions::new()).await?;
            return Ok(None);
        }
        (0, None) => None,
        (offset, None) => Some(GetRange::Offset(offset)),
        (offset, Some(length)) => Some((offset..offset.saturating_add(length)).into()),
    };
    let mut options = GetOptions::new();
    options.range = range;
    match store.get(place.key(), options).await {
        Ok(found) => Ok(Some(found.body)),
        // Only an empty object has no first byte.
        Err(error) if error.kind() == ErrorKind::RangeNotSatisfiable && args.offset == 0 => Ok(None),
        Err(error) => Err(location::explained(explained(error, args.offset), place)),
    }
}

fn explained(error: Error, offset: u64) -> Error {
    match error.kind() {
        ErrorKind::RangeNotSatisfiable => error.with_hint(format!("the object has no byte {offset}")),
        _ => error,
    }
}
