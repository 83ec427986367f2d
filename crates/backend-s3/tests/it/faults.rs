//! What the user gets when the service misbehaves: the right bytes or an error of a kind that says why; never wrong
//! bytes, never a hang.
//!
//! The tests of the azure and gcs backends include this file: what differs between the services is in `support`.

#[path = "faults/listing.rs"]
pub(crate) mod listing;
#[path = "faults/naming.rs"]
mod naming;
#[path = "faults/reading.rs"]
mod reading;
#[path = "faults/replaced.rs"]
mod replaced;
#[path = "faults/writing.rs"]
pub(crate) mod writing;

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use futures::TryStreamExt;
use futures::future::join_all;
use rangeway_core::{Error, ErrorKind, GetOptions, Key, Result, Settings, Store};
use rangeway_testkit::{Fault, FaultServer, Matcher, MemoryTarget, Rule, Seeded};
use tokio::time::timeout;

use crate::support::{fault_server, open, settings_of};

/// Longer than any of these tests takes: a hang is a failure, not a wait.
const LIMIT: Duration = Duration::from_mins(1);

/// Reads are split into parts of this size.
const PART: u64 = 64 << 10;

/// Two whole parts after the first, and a short one.
const SIZE: u64 = 3 * PART + 1_234;

const DATA: Seeded = Seeded::new(20);
const OTHER: Seeded = Seeded::new(21);

/// How often a request is sent.
const ATTEMPTS: u32 = 3;

/// A server, and a store that waits for it as briefly as a busy machine allows.
pub(crate) struct Setup {
    pub(crate) server: FaultServer,
    pub(crate) store: Arc<dyn Store>,
}

impl Setup {
    /// With the object `k` of [`SIZE`] bytes of [`DATA`].
    pub(crate) fn new() -> Self {
        Self::with(|settings| settings)
    }

    /// With settings that `change` has changed.
    pub(crate) fn with(change: impl FnOnce(Settings) -> Settings) -> Self {
        let server = fault_server();
        server.put_object("k", bytes(DATA, SIZE));
        let settings = settings_of(&server)
            .set("part-size", PART.to_string())
            .set("threshold", PART.to_string())
            .set("put-threshold", "5MiB")
            .set("in-flight", "4")
            .set("attempts", ATTEMPTS.to_string())
            .set("backoff", "1ms")
            .set("first-byte-timeout", "1s")
            .set("stall-timeout", "1s");
        let store = open(&change(settings));
        Self { server, store }
    }

    pub(crate) fn on(&self, matcher: Matcher, fault: Fault) -> Rule {
        self.server.on(matcher, fault)
    }

    /// Reads `k` in one of the [`WAYS`].
    async fn read(&self, way: Way) -> Result<Vec<u8>> {
        let read = async {
            let body = self.store.get(&Key::from("k"), GetOptions::new()).await?.body;
            Ok(match way {
                Way::Bytes => body.bytes().await?.to_vec(),
                Way::Stream => body.stream().try_collect::<Vec<_>>().await?.concat(),
                Way::Read => {
                    let (mut body, mut all) = (body, Vec::new());
                    let mut piece = BytesMut::with_capacity(10_000);
                    while body.read(&mut piece).await? > 0 {
                        all.extend_from_slice(&piece);
                        piece.clear();
                    }
                    all
                }
                Way::WriteTo | Way::Pipes => {
                    let pipes = matches!(way, Way::Pipes);
                    let target = if pipes { MemoryTarget::with_pipes() } else { MemoryTarget::default() };
                    body.write_to(Arc::new(target.clone())).await?;
                    target.bytes().to_vec()
                }
            })
        };
        within(read).await
    }
}

/// How a body is consumed.
#[derive(Debug, Clone, Copy)]
enum Way {
    Bytes,
    Stream,
    Read,
    WriteTo,
    Pipes,
}

const WAYS: [Way; 5] = [Way::Bytes, Way::Stream, Way::Read, Way::WriteTo, Way::Pipes];

fn bytes(data: Seeded, length: u64) -> bytes::Bytes {
    data.bytes(0, usize::try_from(length).expect("small enough"))
}

/// What `work` gives, in time.
pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    timeout(LIMIT, work).await.expect("no hang")
}

/// Asserts that `fault`, as `rule` sets it up on a fresh server, does not show: whichever way the object is read,
/// its bytes are right.
async fn assert_right(rule: impl Fn(&Setup) -> Rule) {
    let reads = WAYS.map(async |way| {
        let setup = Setup::new();
        let rule = rule(&setup);
        let read = setup.read(way).await.unwrap_or_else(|error| panic!("{way:?}: {error:?}"));
        assert_eq!((read.len() as u64, DATA.verify(0, &read)), (SIZE, Ok(())), "{way:?}");
        assert!(rule.hits() > 0, "{way:?}: the fault never struck");
    });
    join_all(reads).await;
}

/// Asserts that `fault`, as `rule` sets it up on a fresh server, is an error of this kind, whichever way the object
/// is read; gives the last one.
async fn assert_error(kind: ErrorKind, rule: impl Fn(&Setup) -> Rule) -> Error {
    let reads = WAYS.map(async |way| {
        let setup = Setup::new();
        let rule = rule(&setup);
        let error = setup.read(way).await.expect_err("the fault must show");
        assert_eq!(error.kind(), kind, "{way:?}: {error:?}");
        assert!(!error.is_retryable(), "{way:?}: an outer layer would try again: {error:?}");
        assert!(error.uri().is_some_and(|uri| uri.ends_with("/k")), "{way:?}: {error:?}");
        assert!(rule.hits() > 0, "{way:?}: the fault never struck");
        error
    });
    join_all(reads).await.pop().expect("there are ways")
}

/// Reads of `k` that are not the first.
fn later() -> Matcher {
    Matcher::get().from_byte(1)
}
