//! The store's own limit on the time of operations: it ends what hangs, and never the clean-up after it.

use std::time::{Duration, Instant};

use rangeway_core::{
    CopyOptions, Error, ErrorKind, GetOptions, HeadOptions, PartSpec, PutOptions, Result, Store, StoreExt,
};
use rangeway_range_engine::Ranged;

use crate::faulty::{Fault, Faulty};
use crate::reads::{data, policy};
use crate::writes::open_uploads;

const KIB: u64 = 1 << 10;
const HOUR: Duration = Duration::from_hours(1);

fn ranged(faulty: Faulty, timeout: Duration) -> Result<Ranged<Faulty>> {
    let policy = policy().put_threshold(100 * KIB).first_byte_timeout(HOUR).stall_timeout(HOUR);
    Ranged::new(faulty, policy.operation_timeout(Some(timeout)))
}

fn assert_late<T: std::fmt::Debug>(outcome: Result<T>) {
    let error: Error = outcome.expect_err("too late");
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, false), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn what_hangs_is_ended() -> Result<()> {
    for fault in [Fault::Hang, Fault::Stall(1000)] {
        let store = ranged(Faulty::new().on_get(move |_| fault), Duration::from_secs(10))?;
        store.inner().memory().put_bytes("k", data(60_000)).await?;
        assert_late(store.get_bytes("k").await);
    }
    let store = ranged(Faulty::new().copy_time(HOUR), Duration::from_secs(10))?;
    store.inner().memory().put_bytes("k", "abc").await?;
    assert_late(store.copy(&"k".into(), &"copy".into(), CopyOptions::new()).await);
    store.head(&"k".into(), HeadOptions::new()).await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_ended_is_cleaned_up() -> Result<()> {
    let faulty = Faulty::new().on_part(|call| if call < 2 { Fault::None } else { Fault::Hang });
    let store = ranged(faulty, Duration::from_secs(10))?;
    assert_late(store.put_bytes("k", data(600 * KIB)).await);
    assert_eq!(open_uploads(&store), 0);
    assert!(store.inner().memory().is_empty());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_deadline_of_the_operation_counts_instead() -> Result<()> {
    let store =
        ranged(Faulty::new().on_get(|_| Fault::Late(Duration::from_mins(1))), Duration::from_secs(10))?;
    store.inner().memory().put_bytes("k", "abc").await?;
    let options = GetOptions::new().deadline(Instant::now() + HOUR);
    assert_eq!(store.get(&"k".into(), options).await?.body.bytes().await?, "abc");
    Ok(())
}

#[tokio::test]
async fn each_step_of_an_upload_by_hand_has_its_own_time() -> Result<()> {
    let limit = Duration::from_millis(200);
    let store =
        ranged(Faulty::new().on_part(|call| if call == 0 { Fault::None } else { Fault::Hang }), limit)?;
    let upload = store.start_multipart(&"k".into(), PutOptions::new()).await?;
    tokio::time::sleep(limit).await;
    let part = upload.put_part(PartSpec { number: 1, offset: 0 }, "abc".into()).await?;
    assert_late(upload.put_part(PartSpec { number: 2, offset: 3 }, "def".into()).await);
    upload.complete(vec![part]).await?;
    assert_eq!(store.inner().memory().get_bytes("k").await?, "abc");
    Ok(())
}
