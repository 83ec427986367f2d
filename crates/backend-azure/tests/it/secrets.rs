//! Nothing shows a secret: no log, no error and no `Debug` output, whatever the service does.

use rangeway_backend_azure::AzureBackend;
use rangeway_core::{Backend, Env, Settings, StoreExt, StoreUri};
use rangeway_testkit::{FaultServer, SecretWatch};

use crate::support::{BUCKET, fault_server, open};

/// The account's key, and the bytes that it stands for.
const KEY: &str = "aHVudGVyMi1rZXktb2YtdGhlLWFjY291bnQ=";
const KEY_BYTES: &str = "hunter2-key-of-the-account";
/// A signature as it stands in a query, and as it is.
const SIGNATURE: &str = "aHVudGVyMy9zaWc%2BbmF0dXJl";
const SIGNATURE_TEXT: &str = "aHVudGVyMy9zaWc+bmF0dXJl";
const TOKEN: &str = "hunter4-token";
const CLIENT_SECRET: &str = "hunter5-client-secret";

fn watch() -> SecretWatch {
    SecretWatch::new([KEY, KEY_BYTES, SIGNATURE, SIGNATURE_TEXT, TOKEN, CLIENT_SECRET])
}

fn sas() -> String {
    format!("sv=2022-11-02&ss=b&srt=sco&sp=rwdlac&sig={SIGNATURE}")
}

/// How the service refuses credentials.
const REFUSALS: &[(u16, &str)] = &[(403, "AuthenticationFailed"), (403, "AuthorizationFailure")];

fn settings(endpoint: &str) -> Settings {
    Settings::new(Env::empty())
        .set("account", "account")
        .set("endpoint", endpoint)
        .set("attempts", "2")
        .set("backoff", "1ms")
        .set("put-threshold", "5MiB")
}

/// Uses a store with these settings under every fault.
async fn use_server(server: &FaultServer, settings: &Settings, watch: &SecretWatch) {
    let uri = StoreUri::new("az", BUCKET, "");
    watch.note(settings);
    let work = async || {
        watch.use_store(&open(settings)).await;
        watch.note_result(&AzureBackend.list_containers(&uri, settings).await);
    };
    watch.under_faults(server, REFUSALS, work).await;
    assert!(watch.has_seen("trying again"), "this was watched");
    watch.assert_no_secret();
}

#[tokio::test]
async fn keys_of_the_account() {
    let (server, watch) = (fault_server(), watch());
    let settings = settings(&server.endpoint()).set("account-key", KEY);
    use_server(&server, &settings, &watch).await;
    assert!(
        server.requests().iter().all(|request| request.header("authorization").is_some()),
        "it was in use"
    );
}

#[tokio::test]
async fn shared_access_signatures() {
    let (server, watch) = (fault_server(), watch());
    let settings = settings(&server.endpoint()).set("sas-token", sas());
    use_server(&server, &settings, &watch).await;
    assert!(server.requests().iter().all(|request| request.query.contains(SIGNATURE)), "it was in use");
}

#[tokio::test]
async fn tokens() {
    let (server, watch) = (fault_server(), watch());
    let settings = settings(&server.endpoint()).set("bearer-token", TOKEN);
    use_server(&server, &settings, &watch).await;
    let header = format!("Bearer {TOKEN}");
    let in_use = server.requests().iter().all(|request| request.header("authorization") == Some(&header));
    assert!(in_use, "it was in use");
}

#[tokio::test]
async fn secrets_of_a_service_principal() {
    let (server, watch) = (fault_server(), watch());
    let settings = settings(&server.endpoint())
        .set("tenant-id", "tenant")
        .set("client-id", "client")
        .set("client-secret", CLIENT_SECRET)
        .set("authority-host", server.endpoint());
    watch.note(&settings);
    let work = async || {
        let store = open(&settings);
        watch.note_result(&store.get_bytes("k").await);
        watch.note(&store);
    };
    watch.under_faults(&server, REFUSALS, work).await;
    assert!(server.requests().iter().any(|request| request.path.contains("oauth2")), "it was in use");
    watch.assert_no_secret();
}

#[tokio::test]
async fn secrets_where_nobody_listens() {
    let watch = watch();
    let settings = settings(&fault_server().endpoint()).set("attempts", "1");
    for (name, secret) in [("account-key", KEY), ("sas-token", &sas()), ("bearer-token", TOKEN)] {
        watch.use_store(&open(&settings.clone().set(name, secret))).await;
    }
    watch.assert_no_secret();
}

#[tokio::test]
async fn secrets_in_uris_and_in_variables() {
    let (server, watch) = (fault_server(), watch());
    let endpoint = server.endpoint();
    let connection = format!("AccountName=account;AccountKey={KEY};BlobEndpoint={endpoint}");
    let shared = format!("AccountName=account;SharedAccessSignature={};BlobEndpoint={endpoint}", sas());
    for (name, value) in [
        ("AZURE_STORAGE_CONNECTION_STRING", connection.clone()),
        ("AZURE_STORAGE_CONNECTION_STRING", shared),
        ("AZURE_STORAGE_ACCOUNT_KEY", KEY.to_owned()),
        ("AZURE_STORAGE_SAS_TOKEN", sas()),
    ] {
        let env = Env::from_iter([
            ("AZURE_STORAGE_ACCOUNT_NAME", "account".to_owned()),
            ("AZURE_STORAGE_BLOB_ENDPOINT", endpoint.clone()),
            (name, value),
        ]);
        watch.note(&env);
        let settings = Settings::new(env).set("backoff", "1ms").set("attempts", "2");
        use_server(&server, &settings, &watch).await;
    }
    for text in [
        format!("https://account.blob.core.windows.net/{BUCKET}/k?{}", sas()),
        format!("az://{BUCKET}/k?account-key={KEY}&account=account&endpoint={endpoint}"),
        format!("az://{BUCKET}/k?bearer-token={TOKEN}&account=account&endpoint={endpoint}"),
    ] {
        let uri: StoreUri = text.parse().expect("a URI");
        watch.note(&uri);
        watch.note(&AzureBackend.canonical(&uri));
        let settings = Settings::new(Env::empty()).for_uri(&uri);
        watch.note(&settings);
        // Settings that are wrong, next to those that are secret.
        for (name, value) in [("anonymous", "perhaps"), ("endpoint", "nowhere"), ("part-size", "-1")] {
            let opened = AzureBackend.open(&uri, &settings.clone().set(name, value));
            watch.note_error(&opened.expect_err("a bad value"));
        }
    }
    // Secrets that are wrong themselves.
    for (name, value) in [
        ("account-key", format!("{KEY}!")),
        ("sas-token", sas().replace("sig=", "signature=")),
        ("sas-token", format!("{} \n", sas())),
        ("bearer-token", format!("{TOKEN}\n")),
        ("connection-string", format!("{connection};{KEY}")),
    ] {
        let settings = settings(&endpoint).set(name, value);
        match AzureBackend.open(&StoreUri::new("az", BUCKET, ""), &settings) {
            Ok(store) => watch.use_store(&store).await,
            Err(error) => watch.note_error(&error),
        }
    }
    watch.assert_no_secret();
}
