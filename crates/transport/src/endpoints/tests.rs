//! Endpoints: where requests go, what is seen of them, and what follows for the next ones.

use super::health::ENOUGH;
use super::*;

fn endpoints(hosts: &[&str]) -> Arc<Endpoints> {
    let all: Vec<String> = hosts.iter().map(|host| format!("http://{host}/base")).collect();
    Arc::new(Endpoints::new(&all).expect("endpoints"))
}

/// Sends a request and says where it went.
fn send(endpoints: &Arc<Endpoints>) -> (String, UnderWay) {
    let mut uri = "http://a:1/base/key?x=y".parse().expect("a URL");
    let under_way = endpoints.direct(&mut uri).expect("a host").expect("one of ours");
    (uri.to_string(), under_way)
}

fn finish(under_way: (String, UnderWay), status: StatusCode) {
    let (_, mut under_way) = under_way;
    under_way.answered(status, Some(0));
}

#[test]
fn answers_without_a_body_are_whole_whatever_length_they_say() {
    for (status, length, failures) in [
        (200, Some(0), 0),
        (204, None, 0),
        (304, Some(5), 0),
        (200, Some(5), 2),
        (404, Some(5), 2),
        (200, None, 2),
        (501, Some(0), 0),
        (500, Some(5), 3),
        (429, Some(0), 3),
    ] {
        let endpoints = endpoints(&["a:1"]);
        for _ in 0..2 {
            send(&endpoints).1.broke();
        }
        send(&endpoints).1.answered(StatusCode::from_u16(status).expect("a status"), length);
        assert_eq!(endpoints.all[0].health().failures, failures, "{status} {length:?}");
    }
}

/// What is seen of a body.
#[derive(Debug)]
enum Read {
    Expects(u64),
    Came(u64),
    Ended,
    Broke,
}

#[tokio::test(start_paused = true)]
async fn a_head_says_nothing_of_a_body_that_is_to_come() {
    use Read::{Broke, Came, Ended, Expects};
    for (reads, failures) in [
        (&[Came(9)][..], 2),
        (&[Came(10)], 0),
        (&[Came(4), Came(0), Came(6)], 0),
        (&[Came(4), Ended], 3),
        (&[Came(4), Broke], 3),
        (&[Broke, Broke], 3),
        (&[Expects(4), Came(4)], 0),
        (&[Came(10), Broke], 0),
    ] {
        let endpoints = endpoints(&["a:1"]);
        for _ in 0..2 {
            send(&endpoints).1.broke();
        }
        let (_, mut body) = send(&endpoints);
        body.answered(StatusCode::PARTIAL_CONTENT, Some(10));
        for read in reads {
            match *read {
                Expects(length) => body.expects(length),
                Came(bytes) => body.came(bytes),
                Ended => body.ended(),
                Broke => body.broke(),
            }
        }
        drop(body);
        assert_eq!(endpoints.all[0].health().failures, failures, "{reads:?}");
    }
}

#[test]
fn sources_are_named_by_the_first_that_is_well() -> Result<()> {
    let endpoints = endpoints(&["a:1", "b:2"]);
    let source = || endpoints.well(&"http://a:1/base/k?sig=x".parse().expect("a URL"));
    assert_eq!(source()?.expect("ours").to_string(), "http://a:1/base/k?sig=x");
    let now = Instant::now();
    let sent = endpoints.all[0].health().send(now);
    endpoints.all[0].health().failed(sent, true, now);
    assert_eq!(source()?.expect("ours").to_string(), "http://b:2/base/k?sig=x");
    endpoints.all[1].health().failed(sent, true, now);
    assert_eq!(source()?.expect("ours").to_string(), "http://a:1/base/k?sig=x", "none is well");
    assert_eq!(endpoints.well(&"http://c:3/k".parse().expect("a URL"))?, None);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn requests_go_where_the_fewest_are_under_way() {
    let endpoints = endpoints(&["a:1", "b:2", "c:3"]);
    let mut under_way: Vec<_> = (0..6).map(|_| send(&endpoints)).collect();
    let mut hosts: Vec<_> = under_way.iter().map(|(uri, _)| uri.clone()).collect();
    hosts.sort();
    let url = |host: &str| format!("http://{host}/base/key?x=y");
    assert_eq!(hosts, ["a:1", "a:1", "b:2", "b:2", "c:3", "c:3"].map(url));
    let at = under_way.iter().position(|(uri, _)| uri.contains("b:2")).expect("one at b");
    finish(under_way.remove(at), StatusCode::OK);
    assert!(send(&endpoints).0.contains("b:2"), "b has the least to do");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_cannot_be_reached_rests_longer_each_time() {
    let endpoints = endpoints(&["a:1", "b:2"]);
    let is_tried = || {
        // Two requests at a time go to both, unless one rests.
        let pair = [send(&endpoints), send(&endpoints)];
        pair.into_iter().fold(false, |tried, (uri, mut under_way)| {
            if uri.contains("b:2") {
                under_way.unreachable();
            } else {
                under_way.answered(StatusCode::OK, Some(0));
            }
            tried || uri.contains("b:2")
        })
    };
    assert!(is_tried());
    for rest in [1, 2, 4, 8, 16, 30, 30] {
        tokio::time::advance(Duration::from_millis(rest * 1000 - 1)).await;
        assert!(!is_tried(), "rests for {rest} s");
        tokio::time::advance(Duration::from_millis(2)).await;
        assert!(is_tried(), "is tried after {rest} s");
    }
}

#[tokio::test(start_paused = true)]
async fn what_went_well_makes_an_endpoint_well() {
    let endpoints = endpoints(&["a:1", "b:2"]);
    for status in [500, 503, 200, 503, 429, 404, 500, 500] {
        let status = StatusCode::from_u16(status).expect("a status");
        let mut pair = [send(&endpoints), send(&endpoints)];
        pair.sort_by(|one, other| one.0.cmp(&other.0));
        let [at_a, at_b] = pair;
        assert!(at_a.0.contains("a:1") && at_b.0.contains("b:2"), "never three bad ones in a row");
        finish(at_a, StatusCode::OK);
        finish(at_b, status);
    }
    let (one, other) = (send(&endpoints), send(&endpoints));
    let at_b = if one.0.contains("b:2") { one } else { other };
    finish(at_b, StatusCode::SERVICE_UNAVAILABLE);
    let both = [send(&endpoints), send(&endpoints)];
    assert!(both.iter().all(|(uri, _)| uri.contains("a:1")), "three bad ones");
}

#[tokio::test(start_paused = true)]
async fn when_all_rest_all_are_tried() {
    let endpoints = endpoints(&["a:1", "b:2"]);
    let first = send(&endpoints).0;
    let mut tried = send(&endpoints);
    assert!(tried.1.unreachable(), "the other one is well");
    drop(tried);
    tokio::time::advance(Duration::from_millis(10)).await;
    assert!(!send(&endpoints).1.unreachable(), "both rest");
    assert_eq!(send(&endpoints).0.contains("a:1"), !first.contains("a:1"), "the one that rests for longest");
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_given_up_count_and_those_never_sent_do_not() {
    let endpoints = endpoints(&["a:1", "b:2"]);
    let soon = Duration::from_millis(10);
    for (waits, hosts) in [(None, 2), (Some(soon), 2), (Some(PATIENCE), 1)] {
        for _ in 0..2 * ENOUGH {
            let pair = [send(&endpoints), send(&endpoints)];
            for (uri, mut under_way) in pair {
                if uri.contains("a:1") {
                    under_way.answered(StatusCode::OK, Some(0));
                } else if let Some(time) = waits {
                    let mut under_way = Some(under_way);
                    let waiting = Waiting::new(&mut under_way);
                    tokio::time::advance(time).await;
                    drop(waiting);
                }
            }
        }
        let pair = [send(&endpoints), send(&endpoints)].map(|(uri, _)| uri);
        let different = if pair[0] == pair[1] { 1 } else { 2 };
        assert_eq!(different, hosts);
    }
}

#[test]
fn the_container_may_stand_before_the_host() {
    let endpoints = Arc::new(Endpoints::new(&["http://h:1".into(), "https://i".into()]).expect("two"));
    let goes_to = |uri: &str| {
        let mut uri: Uri = uri.parse().expect("a URL");
        let under_way = endpoints.direct(&mut uri).expect("a host");
        (uri.to_string(), under_way)
    };
    let first = goes_to("http://b.h:1/k");
    let second = goes_to("http://b.h:1/k");
    let mut hosts = [first.0, second.0];
    hosts.sort();
    assert_eq!(hosts, ["http://b.h:1/k", "https://b.i/k"]);
    for elsewhere in ["http://elsewhere/k", "http://other-h:1/k"] {
        let (uri, none) = goes_to(elsewhere);
        assert!(uri == elsewhere && none.is_none(), "{uri}");
    }
}

#[test]
fn endpoints_that_differ_in_the_path_are_refused() {
    let error = Endpoints::new(&["http://h/a".into(), "http://i/b".into()]).expect_err("differ");
    assert!(error.to_string().contains("differ"), "{error}");
}
