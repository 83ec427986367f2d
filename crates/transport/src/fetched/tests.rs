//! Credentials from a provider that does as it is told.

use std::collections::VecDeque;

use async_trait::async_trait;

use super::*;

/// What a provider does, call by call; the last one again and again.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Gives(&'static str),
    Fails(ErrorKind),
    /// Nobody listens.
    Refuses,
}

/// What all providers of a test share.
#[derive(Debug, Default)]
struct Plan {
    answers: Mutex<VecDeque<Answer>>,
    /// How often one was asked, and how many there were.
    counts: Mutex<(u32, u32)>,
}

#[derive(Debug)]
struct Planned(Arc<Plan>);

#[async_trait]
impl CredentialProvider for Planned {
    type Credential = String;

    async fn get_credential(&self) -> object_store::Result<Arc<String>> {
        self.0.counts.lock().expect("not poisoned").0 += 1;
        let answer = {
            let mut answers = self.0.answers.lock().expect("not poisoned");
            let answer = answers.pop_front().expect("a plan");
            if answers.is_empty() {
                answers.push_back(answer);
            }
            answer
        };
        tokio::time::sleep(Duration::from_secs(1)).await;
        let error = match answer {
            Answer::Gives(text) => return Ok(Arc::new(text.to_owned())),
            Answer::Fails(kind) => Error::new(kind, "as planned"),
            Answer::Refuses => Error::new(ErrorKind::Connect, "as planned")
                .with_source(std::io::Error::from(std::io::ErrorKind::ConnectionRefused)),
        };
        Err(object_store::Error::Generic { store: "plan", source: error.into() })
    }
}

fn none_found() -> Error {
    Error::new(ErrorKind::Unauthenticated, "none")
}

fn planned(answers: &[Answer]) -> (Fetched<String>, Arc<Plan>) {
    let plan = Arc::new(Plan::default());
    plan.answers.lock().expect("not poisoned").extend(answers);
    let shared = Arc::clone(&plan);
    let make = move || -> Result<Provider<String>> {
        shared.counts.lock().expect("not poisoned").1 += 1;
        Ok(Arc::new(Planned(Arc::clone(&shared))))
    };
    (Fetched::new(make, none_found).expect("a provider"), plan)
}

impl Plan {
    fn counts(&self) -> (u32, u32) {
        *self.counts.lock().expect("not poisoned")
    }
}

use Answer::{Fails, Gives, Refuses};

#[tokio::test(start_paused = true)]
async fn what_passes_is_for_the_caller_to_try_again() {
    for (answer, kind) in [
        (Refuses, ErrorKind::Connect),
        (Fails(ErrorKind::Connect), ErrorKind::Connect),
        (Fails(ErrorKind::Timeout), ErrorKind::Timeout),
        (Fails(ErrorKind::Service), ErrorKind::Service),
        (Fails(ErrorKind::RateLimited), ErrorKind::RateLimited),
    ] {
        let (fetched, plan) = planned(&[answer, Gives("a")]);
        let error = fetched.get().await.expect_err("as planned");
        assert_eq!((error.kind(), error.is_retryable()), (kind, true), "{answer:?}");
        assert_eq!(*fetched.get().await.expect("the second attempt"), "a");
        assert_eq!(plan.counts(), (2, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn what_lasts_is_not_asked_for_again_for_a_while() {
    let (fetched, plan) = planned(&[Fails(ErrorKind::Unauthenticated), Gives("a")]);
    for _ in 0..3 {
        let error = fetched.get().await.expect_err("as planned");
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unauthenticated, false));
        assert_eq!(error.to_string(), "unauthenticated: none");
        assert!(std::error::Error::source(&error).expect("a cause").to_string().contains("as planned"));
    }
    assert_eq!(plan.counts(), (1, 1));
    tokio::time::sleep(FAILURE_LASTS).await;
    assert_eq!(*fetched.get().await.expect("the next search"), "a");
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_for_a_search_share_its_failure() {
    let (fetched, plan) = planned(&[Refuses, Gives("a")]);
    let all = futures::future::join_all((0..20).map(|_| fetched.get())).await;
    assert!(all.iter().all(|one| one.as_ref().is_err_and(Error::is_retryable)), "{all:?}");
    assert_eq!(plan.counts().0, 1);
    let all = futures::future::join_all((0..20).map(|_| fetched.get())).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn silence_where_credentials_may_be_means_that_there_are_none() {
    for (answer, retryable) in [
        (Fails(ErrorKind::Connect), false),
        (Fails(ErrorKind::Timeout), false),
        (Fails(ErrorKind::Service), true),
        (Refuses, true),
    ] {
        let (fetched, _) = planned(&[answer]);
        let error = fetched.guessed(true).get().await.expect_err("as planned");
        assert_eq!(error.is_retryable(), retryable, "{answer:?}");
        assert_eq!(error.kind() == ErrorKind::Unauthenticated, !retryable, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_ones_are_used_on_and_renewed_later() {
    let (fetched, plan) = planned(&[Gives("a"), Refuses, Gives("b")]);
    for _ in 0..4 {
        assert_eq!(*fetched.get().await.expect("the last ones"), "a");
    }
    assert_eq!(plan.counts().0, 2);
    tokio::time::sleep(FAILURE_LASTS).await;
    assert_eq!(*fetched.get().await.expect("new ones"), "b");
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_dropped_once() {
    let (fetched, plan) = planned(&[Gives("a"), Gives("b"), Gives("c")]);
    let refuse = |text: &'static str| fetched.refused(move |one| one == text);
    assert_eq!(*fetched.get().await.expect("a token"), "a");
    assert!(refuse("a"));
    // Others that were sent with it meanwhile.
    assert!(refuse("a"));
    assert_eq!(*fetched.get().await.expect("a new one"), "b");
    assert!(refuse("a"));
    assert!(!refuse("b"), "what is fetched anew is refused as well");
    assert_eq!(plan.counts(), (2, 2));
    tokio::time::sleep(FAILURE_LASTS).await;
    assert!(refuse("b"));
    assert_eq!(*fetched.get().await.expect("a new one"), "c");
    tokio::time::sleep(FAILURE_LASTS).await;
    assert!(refuse("c"));
    assert_eq!(*fetched.get().await.expect("the same"), "c");
    tokio::time::sleep(FAILURE_LASTS).await;
    assert!(!refuse("c"), "the same one is not dropped twice");
    assert_eq!(plan.counts(), (4, 4));
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_while_it_is_fetched_is_fetched_anew() {
    let (fetched, plan) = planned(&[Gives("a"), Gives("a"), Gives("b")]);
    fetched.get().await.expect("a token");
    let refuse = async {
        tokio::task::yield_now().await;
        assert!(fetched.refused(|one| one == "a"));
    };
    let (found, ()) = tokio::join!(fetched.get(), refuse);
    assert_eq!(*found.expect("a token"), "b");
    assert_eq!(plan.counts(), (3, 2));
}
