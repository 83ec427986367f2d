//! Reads: whatever breaks, the bytes are right or the error has a name.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use proptest::prelude::*;
use rangeway_core::{Body, ErrorKind, GetOptions, GetRange, GetResponse, Result, Store, StoreExt, WriteAt};
use rangeway_range_engine::{PartSize, Policy, Ranged};

use crate::faulty::{Fault, Faulty};

const KIB: u64 = 1 << 10;

pub(crate) fn policy() -> Policy {
    Policy::network()
        .threshold(64 * KIB)
        .part_size(PartSize::Bytes(64 * KIB))
        .in_flight(4)
        .backoff(Duration::from_millis(1))
        .attempts(4)
}

pub(crate) fn data(length: u64) -> Bytes {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let bytes = (0..length).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    });
    bytes.collect()
}

async fn store(faulty: Faulty, length: u64) -> Result<(Ranged<Faulty>, Bytes)> {
    let bytes = data(length);
    faulty.memory().put_bytes("k", bytes.clone()).await?;
    Ok((Ranged::new(faulty, policy())?, bytes))
}

async fn get(store: &Ranged<Faulty>, options: GetOptions) -> Result<GetResponse> {
    store.get(&"k".into(), options).await
}

/// A target in memory.
#[derive(Debug, Default)]
struct Target(Mutex<Vec<u8>>);

#[async_trait]
impl WriteAt for Target {
    async fn write_at(&self, offset: u64, bytes: Bytes) -> Result<()> {
        let mut all = self.0.lock().expect("no test panics while it holds this");
        let start = usize::try_from(offset).expect("fits");
        let end = start + bytes.len();
        if all.len() < end {
            all.resize(end, 0);
        }
        all[start..end].copy_from_slice(&bytes);
        Ok(())
    }
}

/// How a body is consumed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mode {
    Bytes,
    ReadInto,
    Read,
    Stream,
    WriteTo,
    ChunkThenReadInto,
    ChunkThenWriteTo,
}

pub(crate) async fn consume(mut body: Body, mode: Mode) -> Result<Vec<u8>> {
    let mut seen = BytesMut::new();
    match mode {
        Mode::Bytes => return Ok(body.bytes().await?.to_vec()),
        Mode::Stream => return Ok(body.stream().try_collect::<Vec<_>>().await?.concat()),
        Mode::Read => {
            let mut piece = BytesMut::with_capacity(10_007);
            while body.read(&mut piece).await? > 0 {
                seen.extend_from_slice(&piece);
                piece.clear();
            }
        }
        Mode::ReadInto => body.read_into(&mut seen).await?,
        Mode::ChunkThenReadInto => {
            seen.extend_from_slice(&body.chunk().await?.unwrap_or_default());
            body.read_into(&mut seen).await?;
        }
        Mode::WriteTo | Mode::ChunkThenWriteTo => {
            if matches!(mode, Mode::ChunkThenWriteTo) {
                seen.extend_from_slice(&body.chunk().await?.unwrap_or_default());
            }
            let target = Arc::new(Target::default());
            body.write_to(Arc::clone(&target) as Arc<dyn WriteAt>).await?;
            seen.extend_from_slice(&target.0.lock().expect("no test panics while it holds this"));
        }
    }
    Ok(seen.to_vec())
}

const MODES: [Mode; 7] = [
    Mode::Bytes,
    Mode::ReadInto,
    Mode::Read,
    Mode::Stream,
    Mode::WriteTo,
    Mode::ChunkThenReadInto,
    Mode::ChunkThenWriteTo,
];

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        tokio::time::timeout(Duration::from_mins(1), future).await.expect("no test hangs")
    })
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        4 => Just(Fault::None),
        1 => (0..100_000u64).prop_map(Fault::Break),
        1 => Just(Fault::Fail(ErrorKind::RateLimited)),
        1 => Just(Fault::Fail(ErrorKind::Interrupted)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Any range of any object, consumed in any way, through any passing faults, gives the reference's bytes.
    #[test]
    fn faults_that_pass_never_change_a_byte(
        length in 1..600_000u64,
        range in prop_oneof![
            Just(None),
            (0..600_000u64, 1..600_000u64).prop_map(|(start, length)| Some(GetRange::Bounded(start..start + length))),
            (0..600_000u64).prop_map(|start| Some(GetRange::Offset(start))),
            (1..700_000u64).prop_map(|length| Some(GetRange::Suffix(length))),
        ],
        mode in prop::sample::select(&MODES[..]),
        faults in prop::collection::vec(fault(), 64),
    ) {
        // No more than two failures follow each other, so that every part succeeds within its attempts.
        let script = move |number: usize| if number % 3 == 2 { Fault::None } else { faults[number % faults.len()] };
        let outcome = run(async {
            let (store, bytes) = store(Faulty::new().on_get(script), length).await?;
            let mut options = GetOptions::new();
            options.range = range.clone();
            let expected = match &range {
                None => Ok(0..length),
                Some(range) => range.resolve(length).map_err(|error| error.kind()),
            };
            let found = match get(&store, options).await {
                Ok(response) => {
                    let range = response.range.clone();
                    match consume(response.body, mode).await {
                        Ok(bytes) => Ok((range, bytes)),
                        Err(error) => Err(error.kind()),
                    }
                }
                Err(error) => Err(error.kind()),
            };
            let slice = |range: std::ops::Range<u64>| {
                bytes[usize::try_from(range.start).expect("fits")..usize::try_from(range.end).expect("fits")].to_vec()
            };
            Ok::<_, rangeway_core::Error>((found, expected.map(|range| (range.clone(), slice(range)))))
        });
        let (found, expected) = outcome?;
        // Parts compete for the numbers of the script, so one may be unlucky; then it must say so.
        match found {
            Err(ErrorKind::RateLimited | ErrorKind::Interrupted) => {}
            found => prop_assert!(found == expected, "wrong bytes or a wrong error"),
        }
    }
}

#[tokio::test]
async fn small_objects_cost_one_get_and_no_head() -> Result<()> {
    for length in [1, 1000, 64 * KIB] {
        let (store, bytes) = store(Faulty::new(), length).await?;
        assert_eq!(store.get_bytes("k").await?, bytes);
        assert_eq!((store.inner().gets().len(), store.stats().requests), (1, 1), "{length}");
    }
    Ok(())
}

#[tokio::test]
async fn an_empty_object_costs_one_get() -> Result<()> {
    let (store, _) = store(Faulty::new(), 0).await?;
    let response = get(&store, GetOptions::new()).await?;
    assert_eq!((response.meta.size, response.range.clone()), (0, 0..0));
    assert!(response.body.bytes().await?.is_empty());
    assert_eq!((store.inner().gets().len(), store.stats().requests), (1, 1));
    let full = get(&store, GetOptions::new().full_meta()).await?;
    assert!(full.meta.etag.is_some() && full.meta.last_modified.is_some());
    assert_eq!(store.stats().requests, 3, "one GET and one HEAD");
    Ok(())
}

#[tokio::test]
async fn large_objects_cost_one_get_per_part() -> Result<()> {
    let (store, bytes) = store(Faulty::new(), 640 * KIB).await?;
    assert_eq!(store.get_bytes("k").await?, bytes);
    assert_eq!(store.inner().gets().len(), 10);
    assert!(store.stats().peak_in_flight <= 4);
    assert_eq!(store.stats().bytes_read, 640 * KIB);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn parts_are_as_large_as_the_read_needs() -> Result<()> {
    const MIB: u64 = 1 << 20;
    let new = || {
        let faulty = Faulty::new().on_get(|_| Fault::Late(Duration::from_millis(100)));
        Ranged::new(faulty, Policy::network().hedge(false))
    };
    let requests = async |store: &Ranged<Faulty>, mib: u64| {
        let bytes = Bytes::from(vec![7; usize::try_from(mib * MIB).expect("fits")]);
        store.inner().memory().put_bytes("k", bytes.clone()).await?;
        let before = store.inner().gets().len();
        assert!(store.get_bytes("k").await? == bytes, "wrong bytes");
        Ok::<_, rangeway_core::Error>(store.inner().gets().len() - before)
    };
    for (mib, expected) in [(8, 1), (9, 2), (16, 2), (17, 3), (24, 3), (64, 8)] {
        assert_eq!(
            requests(&new()?, mib).await?,
            expected,
            "{mib} MiB from a store that nothing is known of"
        );
    }
    let store = new()?;
    requests(&store, 128).await?;
    // Now that answers are known to take long, smaller parts bring the end sooner.
    for (mib, expected) in [(8, 1), (9, 2), (16, 2), (17, 4), (24, 5), (64, 15)] {
        assert_eq!(requests(&store, mib).await?, expected, "{mib} MiB from a store that is far away");
    }
    Ok(())
}

#[tokio::test]
async fn a_broken_part_goes_on_from_its_last_byte() -> Result<()> {
    let script = |number| if number == 0 { Fault::Break(50_000) } else { Fault::None };
    let (store, bytes) = store(Faulty::new().on_get(script), 60_000).await?;
    assert_eq!(store.get_bytes("k").await?, bytes);
    assert_eq!(store.inner().gets()[1], Some(GetRange::Bounded(50_000..60_000)));
    assert_eq!(store.stats().retries, 1);
    Ok(())
}

#[tokio::test]
async fn a_body_that_always_breaks_ends_as_interrupted() -> Result<()> {
    let (store, _) = store(Faulty::new().on_get(|_| Fault::Break(10)), 60_000).await?;
    let error = store.get_bytes("k").await.expect_err("never whole");
    assert_eq!((error.kind(), error.attempts(), error.is_retryable()), (ErrorKind::Interrupted, 4, false));
    Ok(())
}

#[tokio::test]
async fn a_short_body_is_asked_for_again() -> Result<()> {
    let script = |number| if number == 1 { Fault::Short(1000) } else { Fault::None };
    let (store, bytes) = store(Faulty::new().on_get(script), 200_000).await?;
    assert_eq!(store.get_bytes("k").await?, bytes);
    Ok(())
}

#[tokio::test]
async fn a_service_that_ignores_ranges_is_read_as_one_stream() -> Result<()> {
    for mode in MODES {
        let (store, bytes) = store(Faulty::new().on_get(|_| Fault::IgnoreRange), 300_000).await?;
        let response = get(&store, GetOptions::new().range(1000..299_000)).await?;
        assert_eq!(response.range, 1000..299_000);
        assert_eq!(consume(response.body, mode).await?, &bytes[1000..299_000]);
        assert_eq!(store.inner().gets().len(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn a_service_that_ignores_ranges_can_break_too() -> Result<()> {
    let script = |number| if number == 0 { Fault::Break(100_000) } else { Fault::IgnoreRange };
    let (store, bytes) = store(Faulty::new().on_get(script), 60_000).await?;
    assert_eq!(store.get_bytes("k").await?, bytes);
    Ok(())
}

#[tokio::test]
async fn other_bytes_than_asked_for_are_refused() -> Result<()> {
    for wrong in [0, 2] {
        let script = move |number| if number == wrong { Fault::Shift } else { Fault::None };
        let (store, _) = store(Faulty::new().on_get(script), 300_000).await?;
        let error = store.get_bytes("k").await.expect_err("shifted");
        assert_eq!(error.kind(), ErrorKind::Integrity);
    }
    Ok(())
}

#[tokio::test]
async fn an_object_replaced_midway_is_an_error_and_never_a_mix() -> Result<()> {
    for fault in [Fault::Replace, Fault::ReplaceRudely] {
        for mode in MODES {
            let script = move |number| if number == 3 { fault } else { Fault::None };
            let (store, _) = store(Faulty::new().on_get(script), 600_000).await?;
            let error =
                consume(get(&store, GetOptions::new()).await?.body, mode).await.expect_err("replaced");
            assert_eq!(error.kind(), ErrorKind::PreconditionFailed, "{fault:?} {mode:?}");
            assert_eq!(error.uri(), Some("memory://faulty/k"));
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn silence_is_given_up_and_resumed() -> Result<()> {
    for fault in [Fault::Hang, Fault::Stall(0), Fault::Stall(40_000)] {
        let script = move |number| if number % 2 == 0 { fault } else { Fault::None };
        let (store, bytes) = store(Faulty::new().on_get(script), 60_000).await?;
        assert_eq!(store.get_bytes("k").await?, bytes, "{fault:?}");
        // An answer that never comes is given up; a body that stands still is raced before.
        assert_eq!(store.stats().retries + store.stats().hedges, 1);
    }
    let (store, _) = store(Faulty::new().on_get(|_| Fault::Hang), 60_000).await?;
    assert_eq!(store.get_bytes("k").await.expect_err("silence").kind(), ErrorKind::Timeout);
    Ok(())
}

#[tokio::test]
async fn a_deadline_ends_everything() -> Result<()> {
    let deadline = || GetOptions::new().deadline(Instant::now() + Duration::from_millis(50));
    for fault in [Fault::Hang, Fault::Stall(1000), Fault::Fail(ErrorKind::RateLimited)] {
        let bytes = data(60_000);
        let faulty = Faulty::new().on_get(move |_| fault);
        faulty.memory().put_bytes("k", bytes).await?;
        let store = Ranged::new(faulty, policy().attempts(100).backoff(Duration::from_millis(20)))?;
        let error = match get(&store, deadline()).await {
            Ok(response) => response.body.bytes().await.expect_err("too late"),
            Err(error) => error,
        };
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, false), "{fault:?}");
    }
    Ok(())
}

#[tokio::test]
async fn final_errors_come_back_as_they_are() -> Result<()> {
    let (store, _) = store(Faulty::new(), 1000).await?;
    let error = store.get_bytes("missing").await.expect_err("missing");
    assert_eq!((error.kind(), store.inner().gets().len()), (ErrorKind::NotFound, 1));
    let beyond = get(&store, GetOptions::new().range(5000..6000)).await.expect_err("beyond the end");
    assert_eq!(beyond.kind(), ErrorKind::RangeNotSatisfiable);
    #[allow(clippy::reversed_empty_ranges, reason = "that is the point")]
    let reversed = get(&store, GetOptions::new().range(9..3)).await.expect_err("reversed");
    assert_eq!(reversed.kind(), ErrorKind::InvalidInput);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn silence_before_the_range_that_was_asked_for_ends() -> Result<()> {
    let (store, _) = store(Faulty::new().on_get(|_| Fault::IgnoreRangeAndStall(1000)), 300_000).await?;
    let error = get(&store, GetOptions::new().range(200_000..250_000)).await.expect_err("silence");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    Ok(())
}

#[tokio::test]
async fn nothing_is_read_behind_a_part_that_failed() -> Result<()> {
    let script = |number| if number == 2 { Fault::Fail(ErrorKind::PermissionDenied) } else { Fault::None };
    let (store, bytes) = store(Faulty::new().on_get(script), 600_000).await?;
    let mut body = get(&store, GetOptions::new()).await?.body;
    let mut seen = Vec::new();
    let mut errors = 0;
    while errors < 3 {
        match body.chunk().await {
            Ok(chunk) => seen.extend_from_slice(&chunk.expect("an error and not the end")),
            Err(_) => errors += 1,
        }
    }
    assert!(bytes.starts_with(&seen), "bytes from behind the failed part");
    for mode in [Mode::Bytes, Mode::ReadInto, Mode::Read, Mode::Stream, Mode::WriteTo] {
        let (store, _) = self::store(Faulty::new().on_get(script), 600_000).await?;
        let mut body = get(&store, GetOptions::new()).await?.body;
        while body.chunk().await.is_ok() {}
        assert!(
            consume(body, mode).await.is_err(),
            "{mode:?} after a failure: half a body passes for a whole one"
        );
    }
    Ok(())
}

/// A weak etag may stay the same for other bytes.
#[tokio::test]
async fn weak_etags_are_not_enough_to_be_the_same() -> Result<()> {
    let modified = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    for (later, expected) in [(1, Ok(())), (2, Err(ErrorKind::PreconditionFailed))] {
        let faulty = Faulty::new().on_meta(move |number, meta| {
            meta.etag = Some("W/\"v\"".to_owned());
            meta.last_modified = Some(modified(if number == 0 { 1 } else { later }));
        });
        let (store, bytes) = store(faulty, 200_000).await?;
        let read = store.get_bytes("k").await;
        assert_eq!(read.map(|read| assert!(read == bytes)).map_err(|error| error.kind()), expected);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn requests_that_repeat_have_a_place_in_the_window_too() -> Result<()> {
    // Each object's first body breaks; all are asked for again at one time.
    let script =
        |number| if number < 20 { Fault::Break(1000) } else { Fault::Late(Duration::from_millis(10)) };
    let (store, bytes) = store(Faulty::new().on_get(script), 60_000).await?;
    let mut bodies = Vec::new();
    for _ in 0..20 {
        bodies.push(get(&store, GetOptions::new()).await?.body);
    }
    for read in futures::future::join_all(bodies.into_iter().map(Body::bytes)).await {
        assert!(read? == bytes, "wrong bytes");
    }
    assert_eq!(store.stats().peak_in_flight, 4, "the policy allows 4");
    Ok(())
}
