//! `rangeway cat`: the bytes of objects to standard output, in order.

use rangeway::{GetOptions, GetRange};

use super::{Outcome, parse_object};
use crate::args::Cat;
use crate::context::Context;
use crate::exit_code::ExitCode;
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
    let places: Vec<_> = args.places.iter().map(|place| parse_object(place)).collect::<Result<_, _>>()?;
    let mut options = GetOptions::new();
    options.range = match (args.offset, args.length) {
        (0, None) => None,
        (offset, None) => Some(GetRange::Offset(offset)),
        (offset, Some(length)) => Some((offset..offset.saturating_add(length)).into()),
    };
    for place in places {
        let mut body = context.store(&place)?.get(place.key(), options.clone()).await?.body;
        while let Some(chunk) = body.chunk().await? {
            sink.write(chunk).await?;
        }
    }
    Ok(())
}
