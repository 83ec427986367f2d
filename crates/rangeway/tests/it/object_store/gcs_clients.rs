//! The two clients of a Google bucket: ours behind the adapter, and `object_store`'s own.

use object_store::gcp::{GoogleCloudStorage, GoogleCloudStorageBuilder};
use rangeway::object_store::RangewayStore;
use rangeway::{Env, Registry, Settings};

/// Settings that lead to an endpoint, which wants no credentials.
pub(crate) fn settings(endpoint: &str) -> Settings {
    Settings::new(Env::empty()).set("emulator-host", endpoint).set("project", "project")
}

pub(crate) fn rangeway(endpoint: &str, bucket: &str) -> RangewayStore {
    let (store, _) = Registry::linked().open(&format!("gs://{bucket}"), &settings(endpoint)).expect("opens");
    RangewayStore::new(store)
}

pub(crate) fn bare(endpoint: &str, bucket: &str) -> GoogleCloudStorage {
    // Fails when another test was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // The one way in which it sends no credentials with writes.
    let account = r#"{"private_key": "", "private_key_id": "", "client_email": "", "disable_oauth": true}"#;
    GoogleCloudStorageBuilder::new()
        .with_base_url(endpoint)
        .with_service_account_key(account)
        .with_bucket_name(bucket)
        .build()
        .expect("complete")
}
