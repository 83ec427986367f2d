//! On `gs://`, beside `object_store`'s own client, each against a server of its own in this process, which speaks both of
//! Google's APIs.

use object_store::gcp::{GoogleCloudStorage, GoogleCloudStorageBuilder};
use rangeway::object_store::RangewayStore;
use rangeway::{Env, Registry, Settings};
use rangeway_testkit::FaultServer;

use super::suite::{self, Traits};

const BUCKET: &str = "bucket";

suite::suite!(run);

async fn run(function: &str) {
    let servers = [(); 2].map(|()| FaultServer::start_gcs(BUCKET).expect("a free port"));
    let settings = Settings::new(Env::from_iter(servers[0].environment()));
    let (ours, _) = Registry::linked().open(&format!("gs://{BUCKET}"), &settings).expect("opens");
    let ours = (RangewayStore::new(ours), Traits::MOST);
    let bare = (bare(&servers[1].endpoint()), Traits::MOST);
    suite::compare("facade", function, ours, bare).await;
    for server in servers {
        assert_eq!(server.open_uploads(), Vec::<String>::new(), "{function}");
    }
}

fn bare(endpoint: &str) -> GoogleCloudStorage {
    // Fails when another test was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // The one way in which it sends no credentials with writes.
    let account = r#"{"private_key": "", "private_key_id": "", "client_email": "", "disable_oauth": true}"#;
    GoogleCloudStorageBuilder::new()
        .with_base_url(endpoint)
        .with_service_account_key(account)
        .with_bucket_name(BUCKET)
        .build()
        .expect("complete")
}
