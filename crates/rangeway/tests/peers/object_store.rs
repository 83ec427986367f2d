//! `object_store`'s own integration functions over the adapter and over the bare client, each on an empty place of each
//! server.

mod azurite;
mod fake_gcs;
#[path = "../it/object_store/gcs_clients.rs"]
mod gcs_clients;
mod moto;
#[path = "../it/object_store/s3_clients.rs"]
mod s3_clients;
#[path = "../it/object_store/suite.rs"]
mod suite;

use rangeway::{Backend, Env, Settings, StoreUri};

/// Where a peer listens, as `http://127.0.0.1:PORT`.
fn address(variable: &str) -> String {
    let env = Env::process();
    env.get(variable).expect("run `cargo xtask test`, which starts the peers").to_owned()
}

/// Two new containers, and their names.
async fn containers(backend: &dyn Backend, scheme: &str, settings: &Settings) -> [String; 2] {
    let names = [(); 2].map(|()| format!("suite-{:016x}", fastrand::u64(..)));
    for name in &names {
        let uri = StoreUri::new(scheme, name.as_str(), "");
        backend.create_container(&uri, settings).await.expect("the peer takes containers");
    }
    names
}
