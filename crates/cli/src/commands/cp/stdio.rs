//! `cp` from standard input and to standard output.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::stream::{self, Stream};
use rangeway::{Attributes, Error, ErrorKind, GetOptions, Payload, Result, StoreUri};
use tokio::sync::mpsc;

use super::object::{Copied, Copier, Done, explain_missing};
use super::report::Report;
use super::target::Target;
use crate::args::Cp;
use crate::commands::{Outcome, check_object};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::location;
use crate::progress::Progress;

/// Large enough that handing a block over costs nothing beside filling it.
const BLOCK: usize = 1 << 20;
/// Blocks that are read ahead of the upload.
const READ_AHEAD: usize = 4;

/// Writes an object to standard output.
pub(super) async fn to_stdout(source: &StoreUri, context: &Arc<Context>) -> Outcome {
    check_object(source, "standard output takes one object", context)?;
    let store = context.store(source)?;
    let mut body = match store.get(source.key(), GetOptions::new()).await {
        Ok(found) => found.body,
        Err(error) if error.is_not_found() => {
            return Err(explain_missing(error, &store, source).await.into());
        }
        Err(error) => return Err(error.into()),
    };
    let counting = Arc::clone(&store);
    let progress = Progress::start(context, move || counting.stats().bytes_read);
    progress.expect(body.remaining());
    progress.expect_no_more();
    let mut sink = context.output.bytes()?;
    while let Some(chunk) = body.chunk().await? {
        sink.write(chunk).await?;
    }
    sink.finish().await?;
    Ok(ExitCode::Success)
}

/// Writes standard input to an object.
pub(super) async fn from_stdin(target: StoreUri, args: Cp, context: &Arc<Context>) -> Outcome {
    let target = Target::new(target, false)?;
    if target.is_folder() {
        let shown = location::shown(target.place());
        return Err(Error::invalid(format!("standard input has no name to put into {shown}"))
            .with_hint("name the object, as in rangeway cp - s3://bucket/name")
            .into());
    }
    let mut report = Report::new(Arc::clone(context), true, false);
    let copier = Copier::new(args, &target, &[], context)?;
    let result = write(target.place(), &copier).await;
    drop(copier);
    let (source, target) = ("-".to_owned(), location::shown(target.place()));
    report.add(&Copied { source, target, is_listed: false, result })?;
    report.finish();
    Ok(report.exit_code())
}

async fn write(target: &StoreUri, copier: &Copier) -> Result<Done> {
    let to = &copier.to;
    if copier.leaves(to, target).await? {
        return Ok(Done::Skipped);
    }
    let read = Arc::new(AtomicU64::new(0));
    let payload = Payload::stream(None, blocks(std::io::stdin(), Arc::clone(&read))?);
    let written = to.put(target.key(), payload, copier.put_options(to, Attributes::new())).await;
    let size = || Some(read.load(Ordering::Relaxed));
    copier.settled(written.map(|response| Done::Copied { size: size(), response }))
}

/// The blocks of `input`, read on a thread of its own and counted into `read`.
fn blocks(
    input: impl Read + Send + 'static,
    read: Arc<AtomicU64>,
) -> Result<impl Stream<Item = Result<Bytes>> + Send + 'static> {
    let (sender, blocks) = mpsc::channel(READ_AHEAD);
    // Not tokio's blocking pool: a read that never returns must not hold up the end of the program.
    let reader = std::thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        let mut input = input;
        loop {
            let block = next_block(&mut input);
            let length = block.as_ref().map_or(0, Bytes::len);
            read.fetch_add(length as u64, Ordering::Relaxed);
            let is_end = block.as_ref().is_ok_and(Bytes::is_empty);
            if is_end || sender.blocking_send(block).is_err() || length == 0 {
                return;
            }
        }
    });
    reader.map_err(|error| Error::new(ErrorKind::Io, "cannot start a thread").with_source(error))?;
    Ok(stream::unfold(blocks, async |mut blocks| Some((blocks.recv().await?, blocks))))
}

/// A full block, or the rest; empty at the end.
fn next_block(input: &mut impl Read) -> Result<Bytes> {
    let mut block = Vec::with_capacity(BLOCK);
    match input.take(BLOCK as u64).read_to_end(&mut block) {
        Ok(_) => Ok(block.into()),
        Err(error) => Err(Error::new(ErrorKind::Io, "cannot read standard input").with_source(error)),
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;

    use super::*;

    #[tokio::test]
    async fn blocks_are_full_and_hold_every_byte() -> Result<()> {
        let data: Vec<u8> = (0..=250).cycle().take(BLOCK * 2 + 5).collect();
        // A pipe gives less than was asked for.
        let (first, second) = data.split_at(1000);
        let input = std::io::Cursor::new(first.to_vec()).chain(std::io::Cursor::new(second.to_vec()));
        let read = Arc::new(AtomicU64::new(0));
        let blocks: Vec<Bytes> = blocks(input, Arc::clone(&read))?.try_collect().await?;
        assert_eq!(blocks.iter().map(Bytes::len).collect::<Vec<_>>(), [BLOCK, BLOCK, 5]);
        assert_eq!(blocks.concat(), data);
        assert_eq!(read.load(Ordering::Relaxed), data.len() as u64);
        Ok(())
    }

    #[tokio::test]
    async fn a_failed_read_is_an_error_of_the_stream() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("broken"))
            }
        }
        let stream = blocks(Broken, Arc::default()).expect("a thread");
        let error = stream.try_collect::<Vec<_>>().await.expect_err("broken");
        assert_eq!(error.kind(), ErrorKind::Io);
    }
}
