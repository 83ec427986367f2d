//! The conformance suite over Azurite, the emulator of Azure Blob Storage. `cargo xtask test` starts it and says where it
//! is.

use rangeway_backend_azure::AzureBackend;
use rangeway_core::{Backend, Env, Settings, StoreUri};
use rangeway_testkit::conformance::{Fixture, Gap};

/// Where Azurite listens, as `http://127.0.0.1:PORT`.
const PEER: &str = "RANGEWAY_TEST_AZURITE";

const SOURCE: &str = "Azurite takes the source of a copy for a URL and resolves its dots";
const AT_THE_END: &str = "Azurite answers 206 without bytes to a range that begins at the end";

const GAPS: &[Gap] = &[
    Gap::new("key_backslash", "Azurite takes a backslash for a slash"),
    Gap::new("key_control", "Azurite answers 500 to a listing of names that XML cannot hold"),
    Gap::new("key_dot", SOURCE),
    Gap::new("key_dot_dot", SOURCE),
    Gap::new("key_dot_dot_inside", SOURCE),
    Gap::new("key_dot_inside", SOURCE),
    Gap::new("list_delimiter_of_two_characters", "Azurite looks at the first character of a delimiter only"),
    Gap::new("list_in_byte_order", "Azurite sorts names by their UTF-16 units"),
    Gap::new("range_beyond_the_end", AT_THE_END),
    Gap::new("range_of_an_empty_object", AT_THE_END),
    Gap::new("range_of_one_byte", AT_THE_END),
];

/// A container of its own in the emulator.
async fn fresh() -> impl Fixture {
    let env = Env::process();
    let peer = env.get(PEER).expect("run `cargo xtask test`, which starts Azurite");
    let settings = Settings::new(env.clone())
        .set("emulator", "true")
        .set("endpoint", format!("{peer}/devstoreaccount1"));
    let uri = StoreUri::new("az", format!("case-{:016x}", fastrand::u64(..)), "");
    AzureBackend.create_container(&uri, &settings).await.expect("Azurite takes containers");
    (AzureBackend.open(&uri, &settings).expect("the settings are valid"), GAPS)
}

rangeway_testkit::conformance!(fresh);
