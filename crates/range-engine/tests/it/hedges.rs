//! Races against late answers and bodies that stand still, under a clock that stands still unless everybody waits.

use std::time::Duration;

use rangeway_core::{Result, Store, StoreExt, TransferStats};
use rangeway_range_engine::{PartSize, Policy, Ranged};
use tokio::time::Instant;

use crate::faulty::{Fault, Faulty};
use crate::reads::{data, policy};

const MIB: u64 = 1 << 20;
const PARTS: u64 = 32;
const READS: u64 = 8;
const USUAL: Fault = Fault::Late(Duration::from_millis(20));
const HANGS: Fault = Fault::Late(Duration::from_secs(5));

fn large_parts() -> Policy {
    policy().threshold(MIB).part_size(PartSize::Bytes(MIB)).in_flight(16)
}

/// Reads an object of many parts several times: what the store did, and how long each read took.
async fn read(
    policy: Policy,
    script: impl Fn(usize) -> Fault + Send + Sync + 'static,
) -> Result<(TransferStats, Vec<Duration>)> {
    let bytes = data(PARTS * MIB);
    let faulty = Faulty::new().on_get(script);
    faulty.memory().put_bytes("k", bytes.clone()).await?;
    let store = Ranged::new(faulty, policy)?;
    let mut took = Vec::new();
    for _ in 0..READS {
        let begun = Instant::now();
        assert!(store.get_bytes("k").await? == bytes, "wrong bytes");
        took.push(begun.elapsed());
    }
    Ok((store.stats(), took))
}

#[tokio::test(start_paused = true)]
async fn late_answers_are_raced() -> Result<()> {
    let script = |number| if number > 40 && number % 25 == 0 { HANGS } else { USUAL };
    let (stats, took) = read(large_parts(), script).await?;
    assert!(stats.hedges >= 8, "{stats:?}");
    assert_eq!((stats.requests, stats.retries), (PARTS * READS + stats.hedges, 0));
    // One wait for the first answer, two for the rest, and a race in each of them at most.
    assert!(took[2..].iter().all(|took| *took < Duration::from_millis(250)), "{took:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_races_a_late_answer_is_raced_when_it_is_late_too() -> Result<()> {
    // The number after a late one is that of its race.
    let script = |number| if number > 80 && number % 40 < 2 { HANGS } else { USUAL };
    let (stats, took) = read(large_parts(), script).await?;
    assert!(stats.hedges >= 8, "{stats:?}");
    assert!(took[3..].iter().all(|took| *took < Duration::from_millis(250)), "{took:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn races_take_places_in_the_window() -> Result<()> {
    let script = |number| if number > 40 && number % 25 == 0 { HANGS } else { USUAL };
    let (stats, _) = read(large_parts().in_flight(4), script).await?;
    assert!(stats.hedges >= 8, "{stats:?}");
    assert_eq!(stats.peak_in_flight, 4);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn races_that_wait_for_a_place_keep_nobody_waiting() -> Result<()> {
    // All are late at the same time, so that all places are taken, and then all fail.
    let script = |number| match number {
        33..49 => Fault::LateFailure(Duration::from_millis(100)),
        _ => USUAL,
    };
    let (stats, took) = read(large_parts(), script).await?;
    assert_eq!((stats.hedges, stats.retries), (0, 16), "{stats:?}");
    assert!(took.iter().all(|took| *took < Duration::from_secs(1)), "{took:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn bodies_that_stand_still_are_left_and_gone_on_with() -> Result<()> {
    for stop in [0, 1, 100_000, MIB - 1] {
        let script = move |number| if number > 40 && number % 25 == 0 { Fault::Stall(stop) } else { USUAL };
        let (stats, took) = read(large_parts(), script).await?;
        assert!(stats.retries >= 8 && stats.hedges == 0, "{stats:?}");
        assert_eq!(stats.requests, PARTS * READS + stats.retries, "{stats:?}");
        assert_eq!(stats.bytes_read, PARTS * READS * MIB);
        assert!(took[2..].iter().all(|took| *took < Duration::from_millis(250)), "{stop}: {took:?}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn few_requests_are_sent_once_more_however_many_are_late() -> Result<()> {
    let script = |number| if number > 40 && number % 3 == 0 { HANGS } else { USUAL };
    let (stats, _) = read(large_parts(), script).await?;
    assert!(stats.hedges <= stats.requests / 20 + 48, "{stats:?}");
    let script = |number| if number > 40 && number % 3 == 0 { Fault::Stall(300_000) } else { USUAL };
    let (stats, took) = read(large_parts(), script).await?;
    let slow = took.iter().filter(|took| **took >= Duration::from_secs(2)).count();
    assert!(slow > 0, "bodies that may not be left are waited for: {took:?}");
    assert_eq!(stats.bytes_read, PARTS * READS * MIB);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn none_is_raced_when_all_are_equally_late_or_racing_is_off() -> Result<()> {
    let (stats, _) = read(large_parts(), |_| HANGS).await?;
    assert_eq!((stats.hedges, stats.retries), (0, 0));
    let script = |number| if number % 25 == 0 { HANGS } else { USUAL };
    let (stats, took) = read(large_parts().hedge(false), script).await?;
    assert_eq!(stats.hedges, 0);
    assert!(took[2..].iter().any(|took| *took >= Duration::from_secs(5)), "{took:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_race_that_is_refused_changes_nothing() -> Result<()> {
    // The number after a late one is that of its race.
    let script = |number| match number {
        100 => HANGS,
        101.. => Fault::Fail(rangeway_core::ErrorKind::PermissionDenied),
        _ => USUAL,
    };
    let bytes = data(MIB);
    let faulty = Faulty::new().on_get(script);
    faulty.memory().put_bytes("k", bytes.clone()).await?;
    let store = Ranged::new(faulty, large_parts())?;
    for _ in 0..=100 {
        assert!(store.get_bytes("k").await? == bytes, "wrong bytes");
    }
    assert_eq!(store.stats().hedges, 2);
    Ok(())
}
