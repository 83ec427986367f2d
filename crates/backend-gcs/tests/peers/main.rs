//! The conformance suite over fake-gcs-server, an emulator of Google Cloud Storage. `cargo xtask test` starts it and says
//! where it is.

mod uploads;

use std::sync::Arc;

use rangeway_backend_gcs::GcsBackend;
use rangeway_core::{Backend, Env, Settings, Store, StoreUri};
use rangeway_testkit::conformance::{Fixture, Gap};

use uploads::Uploads;

/// Where fake-gcs-server listens, as `http://127.0.0.1:PORT`.
const PEER: &str = "RANGEWAY_TEST_FAKE_GCS";

const MULTIPART: &str = "fake-gcs-server has no multipart uploads of the XML API";

const GAPS: &[Gap] = &[
    Gap::new("copy_create_only", "fake-gcs-server does not look at the condition of a rewrite"),
    Gap::new(
        "get_of_an_old_version",
        "fake-gcs-server reads the newest generation only, unless the bucket keeps old ones",
    ),
    Gap::new(
        "list_delimiter_of_two_characters",
        "fake-gcs-server ends groups after the first character of a delimiter",
    ),
    Gap::new("multipart_abort_leaves_nothing", MULTIPART),
    Gap::new("multipart_attributes", MULTIPART),
    Gap::new("multipart_create_only", MULTIPART),
    Gap::new("multipart_invisible_until_completed", MULTIPART),
    Gap::new("multipart_of_one_part", MULTIPART),
    Gap::new("multipart_over_an_object", MULTIPART),
    Gap::new("multipart_part_sent_again", MULTIPART),
    Gap::new("multipart_parts_at_once", MULTIPART),
    Gap::new("multipart_parts_out_of_order", MULTIPART),
    Gap::new(
        "range_of_an_empty_object",
        "fake-gcs-server answers 206 with a Content-Range of `bytes 0--1/0`",
    ),
];

struct OnFakeGcs(Arc<dyn Store>);

impl Fixture for OnFakeGcs {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.0)
    }

    fn gaps(&self) -> &[Gap] {
        GAPS
    }
}

/// A bucket of its own in the emulator.
async fn fresh() -> impl Fixture {
    let env = Env::process();
    let peer = env.get(PEER).expect("run `cargo xtask test`, which starts fake-gcs-server");
    let settings = Settings::new(Env::empty()).set("emulator-host", peer).set("project", "project");
    let uri = StoreUri::new("gs", format!("case-{:016x}", fastrand::u64(..)), "");
    GcsBackend.create_container(&uri, &settings).await.expect("fake-gcs-server takes buckets");
    let store = GcsBackend.open(&uri, &settings).expect("the settings are valid");
    OnFakeGcs(Arc::new(Uploads::new(store, peer)))
}

rangeway_testkit::conformance!(fresh);
