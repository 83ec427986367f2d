//! The window over whole transfers, under a clock that stands still unless everybody waits.

use std::time::Duration;

use rangeway_core::{ErrorKind, Result, Store, StoreExt};
use rangeway_range_engine::{InFlight, Ranged};

use crate::faulty::{Fault, Faulty};
use crate::reads::{data, policy};

const MIB: u64 = 1 << 20;

async fn read(faulty: Faulty, in_flight: InFlight, reads: usize) -> Result<u64> {
    let bytes = data(64 * MIB);
    faulty.memory().put_bytes("k", bytes.clone()).await?;
    let store = Ranged::new(faulty, policy().in_flight(in_flight).attempts(20))?;
    for _ in 0..reads {
        assert!(store.get_bytes("k").await? == bytes, "wrong bytes");
    }
    Ok(store.stats().peak_in_flight)
}

#[tokio::test(start_paused = true)]
async fn it_grows_where_latency_is_all_that_limits() -> Result<()> {
    let slow = || Faulty::new().on_get(|_| Fault::Late(Duration::from_millis(100)));
    let peak = read(slow(), InFlight::Auto, 3).await?;
    assert!(peak > 64, "at most {peak} in flight");
    assert_eq!(read(slow(), InFlight::Fixed(16), 1).await?, 16);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn it_stays_small_where_the_service_refuses() -> Result<()> {
    let script = |number| match number % 10 {
        3 => Fault::Fail(ErrorKind::RateLimited),
        _ => Fault::Late(Duration::from_millis(100)),
    };
    let peak = read(Faulty::new().on_get(script), InFlight::Auto, 3).await?;
    assert!(peak <= 16, "at most {peak} in flight");
    Ok(())
}
