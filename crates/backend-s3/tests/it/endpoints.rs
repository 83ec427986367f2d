//! Several endpoints of one service: requests are spread, and go on when one of them dies.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rangeway_core::{GetOptions, Key, Store, StoreExt};
use rangeway_testkit::{FaultServer, RequestKind, Seeded};
use tokio::io::{AsyncReadExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use crate::support::{fault_server, open, settings_of};

const DATA: Seeded = Seeded::new(31);
const SIZE: u64 = 64 << 20;
const PATIENCE: Duration = Duration::from_mins(1);

/// What becomes of the answers on a way: heads are whole on each, and large bodies on one.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Whole,
    Breaks,
    Stalls,
}

/// One way to a server: passes bytes on until it is dropped, with all its connections.
struct Gateway {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Gateway {
    async fn start(server: SocketAddr, way: Way) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut client, _)) = listener.accept().await {
                connections.spawn(async move {
                    let mut server = TcpStream::connect(server).await?;
                    client.set_nodelay(true)?;
                    server.set_nodelay(true)?;
                    let ((mut from_client, mut to_client), (from_server, mut to_server)) =
                        (client.split(), server.split());
                    let limit = match way {
                        Way::Whole => u64::MAX,
                        Way::Breaks | Way::Stalls => 64 << 10,
                    };
                    let mut answers = from_server.take(limit);
                    let answer = async {
                        let answered = copy(&mut answers, &mut to_client).await;
                        if way == Way::Stalls {
                            std::future::pending::<()>().await;
                        }
                        answered
                    };
                    tokio::select! {
                        asked = copy(&mut from_client, &mut to_server) => asked,
                        answered = answer => answered,
                    }
                });
            }
        });
        Self { address, task }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A server, ways to it, and a store over all of them.
async fn setup(ways: usize) -> (FaultServer, Vec<Gateway>, Arc<dyn Store>) {
    setup_with(&vec![Way::Whole; ways]).await
}

/// The same with these ways.
async fn setup_with(ways: &[Way]) -> (FaultServer, Vec<Gateway>, Arc<dyn Store>) {
    let server = fault_server();
    let mut gateways = Vec::new();
    for way in ways {
        gateways.push(Gateway::start(server.address(), *way).await);
    }
    let list: Vec<_> = gateways.iter().map(|gateway| format!("http://{}", gateway.address)).collect();
    let settings = settings_of(&server)
        .set("endpoints", list.join(","))
        .set("in-flight", "8")
        .set("stall-timeout", "2s")
        .set("part-size", "1MiB")
        .set("threshold", "1MiB")
        .set("put-threshold", "5MiB");
    (server, gateways, open(&settings))
}

/// How many requests of a kind came by which way.
fn ways(server: &FaultServer, kind: RequestKind) -> BTreeMap<String, usize> {
    let mut ways = BTreeMap::new();
    for request in server.requests_of(kind) {
        *ways.entry(request.header("host").expect("a host").to_owned()).or_default() += 1;
    }
    ways
}

fn bytes() -> bytes::Bytes {
    DATA.bytes(0, usize::try_from(SIZE).expect("64 MiB"))
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_spread_over_all_endpoints() {
    let (server, _gateways, store) = setup(3).await;
    timeout(PATIENCE, store.put_bytes("k", bytes())).await.expect("in time").expect("written");
    let body = store.get(&Key::from("k"), GetOptions::new()).await.expect("an answer").body;
    timeout(PATIENCE, DATA.verify_body(0, SIZE, body)).await.expect("in time").expect("the right bytes");
    for kind in [RequestKind::GetObject, RequestKind::UploadPart] {
        let ways = ways(&server, kind);
        assert_eq!(ways.len(), 3, "{kind:?}: {ways:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_dies_loses_no_operation() {
    let (server, mut gateways, store) = setup(2).await;
    server.put_object("k", bytes());
    let dead = gateways[0].address.to_string();
    let reader = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            for _ in 0..3 {
                let body = store.get(&Key::from("k"), GetOptions::new()).await?.body;
                DATA.verify_body(0, SIZE, body).await.expect("the right bytes");
            }
            Ok::<_, rangeway_core::Error>(())
        }
    });
    let writer = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.put_bytes("written", bytes()).await }
    });
    // The endpoint is in use when it dies.
    while !server.requests_of(RequestKind::UploadPart).iter().any(|part| part.header("host") == Some(&dead)) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(gateways.remove(0));
    timeout(PATIENCE, reader).await.expect("in time").expect("no panic").expect("read");
    timeout(PATIENCE, writer).await.expect("in time").expect("no panic").expect("written");
    assert!(server.object("written").expect("an object") == bytes(), "wrong bytes");
    assert!(server.open_uploads().is_empty());

    server.reset_counts();
    for _ in 0..20 {
        let small = store.get(&Key::from("k"), GetOptions::new().range(0..10)).await.expect("an answer");
        small.body.bytes().await.expect("ten bytes");
    }
    assert_eq!(
        ways(&server, RequestKind::GetObject).get(&dead),
        None,
        "the dead one has no way to the server"
    );
    assert_eq!(server.counts().of(RequestKind::GetObject), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_brings_no_body_to_its_end_is_left_alone() {
    for way in [Way::Breaks, Way::Stalls] {
        let (server, gateways, store) = setup_with(&[Way::Whole, way]).await;
        server.put_object("k", bytes());
        for _ in 0..3 {
            let body = store.get(&Key::from("k"), GetOptions::new()).await.expect("an answer").body;
            let read = timeout(PATIENCE, DATA.verify_body(0, SIZE, body)).await.expect("in time");
            read.expect("the right bytes");
        }
        let ways = ways(&server, RequestKind::GetObject);
        let [whole, other] =
            [0, 1].map(|way| ways.get(&gateways[way].address.to_string()).copied().unwrap_or(0));
        // As many as were under way when the third one failed, and those that raced; then one after each of its rests.
        assert!((3..=16).contains(&other) && whole >= 3 * 64 - other, "{way:?}: {ways:?}");
    }
}
