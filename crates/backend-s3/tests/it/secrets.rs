//! Nothing shows a secret: no log, no error and no `Debug` output, whatever the service does.

use rangeway_backend_s3::S3Backend;
use rangeway_core::{Backend, Env, Settings, StoreUri};
use rangeway_testkit::{FaultServer, SecretWatch};
use tempfile::NamedTempFile;

use crate::support::{BUCKET, open};

const SECRET: &str = "hunter2-secret-access-key";
const TOKEN: &str = "hunter3-session-token";

/// How the service refuses credentials.
const REFUSALS: &[(u16, &str)] =
    &[(403, "AccessDenied"), (403, "SignatureDoesNotMatch"), (400, "ExpiredToken")];

/// Uses a store with these settings under every fault.
async fn use_server(server: &FaultServer, settings: &Settings, watch: &SecretWatch) {
    let uri = StoreUri::new("s3", BUCKET, "");
    let settings = settings.clone().set("attempts", "2").set("backoff", "1ms").set("put-threshold", "5MiB");
    watch.note(&settings);
    let work = async || {
        watch.use_store(&open(&settings)).await;
        watch.note_result(&S3Backend.list_containers(&uri, &settings).await);
    };
    watch.under_faults(server, REFUSALS, work).await;
    assert!(watch.has_seen("trying again"), "this was watched");
}

fn server() -> (FaultServer, SecretWatch, Settings) {
    let server = FaultServer::start(BUCKET).expect("a free port");
    let settings = Settings::new(Env::empty())
        .set("endpoint", server.endpoint())
        .set("region", "us-east-1")
        .set("access-key-id", "any");
    (server, SecretWatch::new([SECRET, TOKEN]), settings)
}

#[tokio::test]
async fn keys_and_tokens_of_settings() {
    let (server, watch, settings) = server();
    let settings = settings.set("secret-access-key", SECRET).set("session-token", TOKEN);
    use_server(&server, &settings, &watch).await;
    let sent = server.requests();
    assert!(
        sent.iter().any(|request| request.header("x-amz-security-token") == Some(TOKEN)),
        "it was in use"
    );
    watch.assert_no_secret();
}

#[tokio::test]
async fn keys_and_tokens_where_nobody_listens() {
    let (server, watch, settings) = server();
    drop(server);
    let settings = settings.set("secret-access-key", SECRET).set("session-token", TOKEN);
    let settings = settings.set("attempts", "1").set("put-threshold", "5MiB");
    watch.use_store(&open(&settings)).await;
    watch.assert_no_secret();
}

#[tokio::test]
async fn keys_and_tokens_in_a_uri_and_in_variables() {
    let (server, watch, _) = server();
    let uri: StoreUri = format!(
        "s3://{BUCKET}/k?secret-access-key={SECRET}&session-token={TOKEN}&access-key-id=any&region=us-east-1"
    )
    .parse()
    .expect("a URI");
    let env = Env::from_iter([
        ("AWS_ENDPOINT_URL_S3", server.endpoint()),
        ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
        ("AWS_SESSION_TOKEN", TOKEN.to_owned()),
    ]);
    watch.note(&uri);
    watch.note(&env);
    let settings = Settings::new(env).for_uri(&uri);
    use_server(&server, &settings, &watch).await;
    // Settings that are wrong, next to those that are secret.
    for (name, value) in [("path-style", "perhaps"), ("endpoint", "nowhere"), ("part-size", "-1")] {
        let opened = S3Backend.open(&uri, &settings.clone().set(name, value));
        watch.note_error(&opened.expect_err("a bad value"));
    }
    for secret in ["a\nb", "\u{7f}"] {
        let settings = settings.clone().set("session-token", format!("{TOKEN}{secret}"));
        watch.use_store(&open(&settings)).await;
    }
    watch.assert_no_secret();
}

#[tokio::test]
#[cfg(unix)]
async fn keys_and_tokens_of_a_program() {
    let (server, watch, _) = server();
    let whole = format!(
        r#"{{"Version": 1, "AccessKeyId": "any", "SecretAccessKey": "{SECRET}", "SessionToken": "{TOKEN}"}}"#
    );
    for printed in [&whole, &whole[..whole.len() - 1], &whole.replace("\"Version\": 1", "\"Version\": \"1\"")]
    {
        let output = NamedTempFile::new().expect("a file");
        std::fs::write(output.path(), printed).expect("a file");
        let config = NamedTempFile::new().expect("a file");
        let program = output.path().display();
        std::fs::write(config.path(), format!("[default]\ncredential_process = cat {program}\n"))
            .expect("a file");
        let env = Env::from_iter([
            ("AWS_ENDPOINT_URL_S3", server.endpoint()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_CONFIG_FILE", config.path().display().to_string()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]);
        use_server(&server, &Settings::new(env), &watch).await;
    }
    let sent = server.requests();
    assert!(
        sent.iter().any(|request| request.header("x-amz-security-token") == Some(TOKEN)),
        "it was in use"
    );
    watch.assert_no_secret();
}
