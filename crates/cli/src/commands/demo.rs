//! `rangeway demo`: writes an object to an S3 server in this process, reads it back as one stream and through the
//! engine, verifies every byte, and says how fast each was.

mod show;

use std::sync::Arc;

use rangeway::{Env, Error, ErrorKind, Key, Result, Settings, StoreUri};
use rangeway_testkit::S3Server;

use super::Outcome;
use super::lane::{Lane, Objects, reclaim};
use crate::args::Demo;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::output::Stop;
use crate::text;
use show::Record;

const BUCKET: &str = "demo";
const OBJECT: &str = "object.bin";
const SEED: u64 = 1;

/// How often each way of reading is measured, in turns.
const ROUNDS: usize = 3;

pub(super) async fn run(args: &Demo, context: &Arc<Context>) -> Outcome {
    let output = &context.output;
    let objects = Objects::new([Key::from(OBJECT)].into(), args.size, SEED)?;
    let server = start_server()?;
    output.progress_line(&format!(
        "An S3 server runs in this process, at {}. Now writing {} to it and reading them back ...",
        server.endpoint(),
        text::bytes(args.size),
    ))?;

    let settings = settings(&server, context);
    let open = |settings: &Settings| -> Result<Lane> {
        let store = context.registry.open_uri(&StoreUri::new("s3", BUCKET, ""), settings)?;
        Ok(Lane::new(store, objects.clone(), context.jobs()))
    };
    let mut write = open(&settings)?;
    let mut engine = open(&settings)?;
    // One request for everything, as a plain client sends it.
    let mut single = open(&settings.clone().set("threshold", args.size.to_string()).set("in-flight", "1"))?;

    let bytes = objects.content();
    write.put(&bytes).await?;
    let mut memory = reclaim(bytes);
    for lane in [&single, &engine] {
        lane.warm_up(&mut memory).await?;
    }
    for _ in 0..ROUNDS {
        for lane in [&mut single, &mut engine] {
            memory = lane.get(memory).await?;
        }
    }
    show::show(output, &Record::new(args.size, &write, &single, &engine))?;
    Ok(ExitCode::Success)
}

fn start_server() -> Result<S3Server, Stop> {
    let start = || {
        let server = S3Server::start()?;
        server.create_bucket(BUCKET)?;
        Ok(server)
    };
    start().map_err(|error: std::io::Error| {
        Error::new(ErrorKind::Io, "cannot start the server of the demo")
            .with_source(error)
            .with_hint("it needs a port on 127.0.0.1 and room in the folder for temporary files")
            .into()
    })
}

/// The user's settings of the engine, and the server's place and keys in place of the user's own.
fn settings(server: &S3Server, context: &Context) -> Settings {
    let env = context.settings.environment();
    let of_engine = env.names_with_prefix("RANGEWAY_").filter_map(|name| Some((name, env.get(name)?)));
    let of_engine = of_engine.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let env: Env = of_engine.chain(server.environment()).collect();
    context.options.iter().fold(Settings::new(env), |settings, (name, value)| settings.set(name, value))
}
