//! Several ways to one account.

use std::net::TcpListener;

use rangeway_core::{CopyOptions, Key, StoreExt};
use rangeway_testkit::RequestKind;

use crate::support::{BUCKET, fault_server, open, settings_of};

/// Where nobody listens.
fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("bound"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_source_of_a_copy_is_named_by_an_endpoint_that_is_well() {
    for first_is_well in [true, false] {
        let server = fault_server();
        server.put_object("k", "hello");
        let endpoints = [server.endpoint(), nowhere()];
        let [first, second] =
            if first_is_well { [0, 1] } else { [1, 0] }.map(|index| endpoints[index].as_str());
        let settings =
            settings_of(&server).set("endpoints", format!("{first},{second}")).set("backoff", "1ms");
        let store = open(&settings);
        // One of two goes to each: then it is known which of them is not there.
        for _ in 0..2 {
            store.get_bytes("k").await.expect("by the one that is there");
        }
        store.copy(&Key::from("k"), &Key::from("copy"), CopyOptions::new()).await.expect("a copy");
        let request = server.requests_of(RequestKind::CopyObject).pop().expect("a copy");
        let source = format!("{}/{BUCKET}/k", server.endpoint());
        assert_eq!(request.header("x-ms-copy-source"), Some(source.as_str()));
    }
}
