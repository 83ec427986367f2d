//! On `az://` at Azurite.

use object_store::azure::{MicrosoftAzure, MicrosoftAzureBuilder};
use rangeway::azure::AzureBackend;
use rangeway::object_store::RangewayStore;
use rangeway::{Env, Registry, Settings};

use super::suite::{self, Traits};
use super::{address, containers};

/// Azure throws away the blocks of other uploads when one is committed.
const TRAITS: Traits = Traits { second_upload_wins: false, ..Traits::MOST };

suite::suite!(run);

async fn run(function: &str) {
    let endpoint = format!("{}/devstoreaccount1", address("RANGEWAY_TEST_AZURITE"));
    let settings = Settings::new(Env::empty()).set("emulator", "true").set("endpoint", endpoint);
    let containers = containers(&AzureBackend, "az", &settings).await;
    let (ours, _) = Registry::linked().open(&format!("az://{}", containers[0]), &settings).expect("opens");
    let ours = (RangewayStore::new(ours), TRAITS);
    suite::compare("azurite", function, ours, (bare(&containers[1]), TRAITS)).await;
}

/// It reads `AZURITE_BLOB_STORAGE_URL`.
fn bare(container: &str) -> MicrosoftAzure {
    // Fails when another test was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    MicrosoftAzureBuilder::new()
        .with_use_emulator(true)
        .with_container_name(container)
        .build()
        .expect("complete")
}
