//! `Contender`: who reads or writes the file, and how that is measured.

use std::hint::black_box;
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::{Result, ensure};
use bytes::{Bytes, BytesMut};
use rangeway::{GetOptions, Key, Payload, PutOptions, Registry, Settings, Store};
use rangeway_benches::{Meter, Usage, launcher, run_launcher};
use tokio::runtime::Runtime;

use crate::Scenario;
use crate::place::Place;

/// What `dd` reads and writes at one time: with less it is slower.
const BLOCK: &str = "bs=4M";

/// Errors alone.
const QUIET: &str = "status=none";

/// One who takes part.
pub(crate) struct Contender<'a> {
    pub(crate) name: &'static str,
    run: Box<dyn Fn(bool) -> Result<Usage> + 'a>,
}

impl<'a> Contender<'a> {
    fn new(name: &'static str, run: impl Fn(bool) -> Result<Usage> + 'a) -> Self {
        Self { name, run: Box::new(run) }
    }

    /// Moves the file once, and checks its bytes if that is wanted.
    pub(crate) fn run(&self, check: bool) -> Result<Usage> {
        (self.run)(check)
    }
}

/// Whole, as one buffer, which is fresh memory: it is larger than what a store keeps for the next read.
pub(crate) const FRESH: &str = "rangeway, fresh memory";
/// Whole, into the buffer of the read before.
pub(crate) const AGAIN: &str = "rangeway, memory used again";
/// Chunk by chunk, each dropped before the next.
pub(crate) const CHUNKS: &str = "rangeway, chunks";
/// From one block of memory.
pub(crate) const PUT: &str = "rangeway";
pub(crate) const DD: &str = "dd";
pub(crate) const CAT: &str = "cat";
/// The same number of bytes from memory to memory.
pub(crate) const COPY: &str = "one copy in memory";

/// All who take part in a scenario.
pub(crate) fn all(scenario: Scenario, place: &Place) -> Result<Vec<Contender<'_>>> {
    let read = place.read();
    let ours = |scheme| -> Result<Vec<Contender<'_>>> {
        let chunks = Opened::new(scheme, &read)?;
        let fresh = chunks.clone();
        let again = chunks.clone();
        let buffer = Mutex::new(BytesMut::new());
        Ok(vec![
            Contender::new(AGAIN, move |check| {
                again.read_into(place, &mut buffer.lock().expect("one thread"), check)
            }),
            Contender::new(CHUNKS, move |check| chunks.read_chunks(place, check)),
            Contender::new(FRESH, move |check| fresh.read_whole(place, check)),
        ])
    };
    Ok(match scenario {
        Scenario::WarmRead => {
            let mut all = ours("file")?;
            all.push(Contender::new(CAT, move |_| program("cat", &[&read.display().to_string()])));
            all.push(Contender::new(COPY, |_| copy(place)));
            all
        }
        Scenario::DirectRead => {
            let mut all = ours("direct")?;
            let from = format!("if={}", read.display());
            all.push(Contender::new(DD, move |_| {
                program("dd", &[&from, "of=/dev/null", BLOCK, "iflag=direct", QUIET])
            }));
            all
        }
        Scenario::DirectWrite => {
            let store = Opened::new("direct", &place.written())?;
            let to = format!("of={}", place.written().display());
            let count = format!("count={}", place.size >> 22);
            vec![
                Contender::new(PUT, move |check| store.write(place, check)),
                Contender::new(DD, move |_| {
                    program("dd", &["if=/dev/zero", &to, BLOCK, &count, "oflag=direct", QUIET])
                }),
            ]
        }
    })
}

/// A store with default settings, and what it works on.
#[derive(Clone)]
struct Opened {
    store: Arc<dyn Store>,
    key: Key,
    runtime: Arc<Runtime>,
}

impl Opened {
    fn new(scheme: &str, path: &Path) -> Result<Self> {
        let uri = format!("{scheme}://{}", path.display());
        let (store, key) = Registry::linked().open(&uri, &Settings::default())?;
        Ok(Self { store, key, runtime: Arc::new(Runtime::new()?) })
    }

    fn read_whole(&self, place: &Place, check: bool) -> Result<Usage> {
        let meter = Meter::start()?;
        let bytes = self.runtime.block_on(async {
            let response = self.store.get(&self.key, GetOptions::new()).await?;
            response.body.bytes().await
        })?;
        ensure!(bytes.len() as u64 == place.size, "{} bytes came", bytes.len());
        if check {
            place.check(0, &bytes)?;
        }
        drop(bytes);
        meter.stop()
    }

    /// Reads into `buffer`, which is empty the first time.
    fn read_into(&self, place: &Place, buffer: &mut BytesMut, check: bool) -> Result<Usage> {
        let meter = Meter::start()?;
        self.runtime.block_on(async {
            let body = self.store.get(&self.key, GetOptions::new()).await?.body;
            if buffer.capacity() == 0 {
                // What a store makes is aligned, and huge pages.
                *buffer = BytesMut::from(body.bytes().await?);
                return Ok(());
            }
            buffer.clear();
            body.read_into(buffer).await
        })?;
        let usage = meter.stop()?;
        ensure!(buffer.len() as u64 == place.size, "{} bytes came", buffer.len());
        if check {
            place.check(0, buffer)?;
        }
        Ok(usage)
    }

    fn read_chunks(&self, place: &Place, check: bool) -> Result<Usage> {
        let meter = Meter::start()?;
        let found = self.runtime.block_on(async {
            let mut body = self.store.get(&self.key, GetOptions::new()).await?.body;
            let mut offset = 0;
            while let Some(chunk) = body.chunk().await? {
                if check {
                    place.check(offset, &chunk)?;
                }
                offset += chunk.len() as u64;
            }
            anyhow::Ok(offset)
        })?;
        ensure!(found == place.size, "{found} bytes came");
        meter.stop()
    }

    fn write(&self, place: &Place, check: bool) -> Result<Usage> {
        let count = usize::try_from(place.size)? / place.block.len();
        let payload = Payload::Rope(vec![place.block.clone(); count]);
        let meter = Meter::start()?;
        self.runtime.block_on(self.store.put(&self.key, payload, PutOptions::new()))?;
        let usage = meter.stop()?;
        if check {
            place.check(0, &Bytes::from(std::fs::read(place.written())?))?;
        }
        Ok(usage)
    }
}

/// Copies as many bytes as the file has, from one block of memory to another, both too large for the processor's caches.
fn copy(place: &Place) -> Result<Usage> {
    let mut target = vec![1; place.block.len()];
    let meter = Meter::start()?;
    for _ in 0..place.size / place.block.len() as u64 {
        target.copy_from_slice(black_box(&place.block));
        black_box(&mut target);
    }
    meter.stop()
}

/// Runs a program that prints to nowhere.
fn program(name: &str, arguments: &[&str]) -> Result<Usage> {
    run_launcher(launcher(name)?.args(arguments))
}
