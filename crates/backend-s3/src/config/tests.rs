//! Tests of how settings, profiles and the environment become a configuration.

use std::path::Path;

use rangeway_core::{Env, ErrorKind};
use tempfile::TempDir;

use super::*;

/// A home folder with the AWS tools' files.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new(config: &str, credentials: &str) -> Self {
        let home = Self(TempDir::new().expect("a folder"));
        let aws = home.0.path().join(".aws");
        std::fs::create_dir(&aws).expect("a new folder");
        std::fs::write(aws.join("config"), config).expect("a file");
        std::fs::write(aws.join("credentials"), credentials).expect("a file");
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Settings of an environment with this home and `variables`.
    pub(crate) fn settings(&self, variables: &[(&str, &str)]) -> Settings {
        let home = self.0.path().display().to_string();
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::new(variables.chain([("HOME".to_owned(), home)]).collect())
    }
}

const CONFIG: &str = "\
[default]
region = eu-west-1
[profile lab]
region = eu-north-1
endpoint_url = https://lab.example/
ca_bundle = ~/lab.pem
s3 =
  addressing_style = virtual
";

const CREDENTIALS: &str = "\
[default]
aws_access_key_id = DEFAULT
aws_secret_access_key = default-secret
[lab]
aws_access_key_id = LAB
aws_secret_access_key = lab-secret
aws_session_token = lab-token
";

fn id(config: &S3Config) -> &str {
    match &config.credentials {
        Source::Keys(keys) => &keys.key_id,
        other => panic!("{other:?}"),
    }
}

/// Environment besides the keys, options, whether keys are in the environment; then region, endpoint, access key.
type Row<'a> =
    (&'a [(&'a str, &'a str)], &'a [(&'a str, &'a str)], bool, (&'a str, Option<&'a str>, &'a str));

#[test]
fn what_counts_most_row_by_row() {
    let home = Home::new(CONFIG, CREDENTIALS);
    let keys = [("AWS_ACCESS_KEY_ID", "ENV"), ("AWS_SECRET_ACCESS_KEY", "s")];
    let rows: [Row<'_>; 11] = [
        (&[], &[], false, ("eu-west-1", None, "DEFAULT")),
        (&[], &[], true, ("eu-west-1", None, "ENV")),
        (&[("AWS_PROFILE", "lab")], &[], false, ("eu-north-1", Some("https://lab.example"), "LAB")),
        (&[("AWS_DEFAULT_PROFILE", "lab")], &[], false, ("eu-north-1", Some("https://lab.example"), "LAB")),
        (&[("AWS_PROFILE", "lab")], &[], true, ("eu-north-1", Some("https://lab.example"), "ENV")),
        (&[], &[("profile", "lab")], true, ("eu-north-1", Some("https://lab.example"), "LAB")),
        (&[("AWS_REGION", "r1")], &[("profile", "lab")], true, ("r1", Some("https://lab.example"), "LAB")),
        (&[("AWS_DEFAULT_REGION", "r2")], &[], false, ("r2", None, "DEFAULT")),
        (
            &[("AWS_REGION", "r1"), ("AWS_DEFAULT_REGION", "r2")],
            &[("region", "r3")],
            false,
            ("r3", None, "DEFAULT"),
        ),
        (
            &[("AWS_ENDPOINT_URL", "http://general:1"), ("AWS_ENDPOINT_URL_S3", "http://s3:2/")],
            &[("access-key-id", "OPTION"), ("secret-access-key", "o")],
            true,
            ("eu-west-1", Some("http://s3:2"), "OPTION"),
        ),
        (
            &[("AWS_ENDPOINT_URL", "http://general:1")],
            &[],
            true,
            ("eu-west-1", Some("http://general:1"), "ENV"),
        ),
    ];
    for (variables, options, with_keys, (region, endpoint, access_key)) in rows {
        let mut variables = variables.to_vec();
        variables.extend(keys.iter().filter(|_| with_keys));
        let settings =
            options.iter().fold(home.settings(&variables), |all, (name, value)| all.set(*name, *value));
        let config = S3Config::from_settings(&settings).expect("valid");
        let found = (config.region.as_str(), config.endpoint.as_deref(), id(&config));
        assert_eq!(found, (region, endpoint, access_key), "{variables:?} {options:?}");
    }
}

#[test]
fn a_profile_sets_more_than_keys() {
    let home = Home::new(CONFIG, CREDENTIALS);
    let config = S3Config::from_settings(&home.settings(&[("AWS_PROFILE", "lab")])).expect("valid");
    assert_eq!(config.path_style, Some(false));
    assert_eq!(config.client.ca_bundle, Some(home.path().join("lab.pem")));
    let Source::Keys(keys) = &config.credentials else { panic!("keys") };
    assert_eq!(keys.token.as_deref(), Some("lab-token"));
    assert_eq!(config.bucket_url("b"), "https://b.lab.example");
}

#[test]
fn other_files_can_be_named() {
    let home = Home::new(CONFIG, CREDENTIALS);
    let other = home.path().join("other");
    std::fs::write(&other, "[default]\naws_access_key_id = OTHER\naws_secret_access_key = x\n")
        .expect("a file");
    let settings = home.settings(&[
        ("AWS_SHARED_CREDENTIALS_FILE", "~/other"),
        ("AWS_CONFIG_FILE", &home.path().join("none").display().to_string()),
    ]);
    let config = S3Config::from_settings(&settings).expect("valid");
    assert_eq!((config.region.as_str(), id(&config)), ("us-east-1", "OTHER"));
}

#[test]
fn without_anything_there_is_the_machine_to_ask() {
    let config = S3Config::from_settings(&Settings::new(Env::empty())).expect("valid");
    assert_eq!((config.region.as_str(), config.endpoint.as_deref()), ("us-east-1", None));
    assert!(matches!(&config.credentials, Source::Chain(options) if options.is_empty()));
    assert!(!config.sign_payload && config.conditional_writes);
}

#[test]
fn anonymous_needs_no_credentials() {
    let home = Home::new("[default]\nsso_session = x\n", "");
    for settings in
        [home.settings(&[("AWS_SKIP_SIGNATURE", "true")]), home.settings(&[]).set("anonymous", "yes")]
    {
        let config = S3Config::from_settings(&settings).expect("valid");
        assert!(matches!(config.credentials, Source::Anonymous));
    }
}

#[test]
fn bad_values_are_refused_by_name() {
    let home = Home::new(CONFIG, CREDENTIALS);
    for (name, value, part) in [
        ("endpoint", "localhost:9000", "endpoint"),
        ("endpoint", "ftp://h", "http://"),
        ("endpoint", "http://", "endpoint"),
        ("endpoint", "http://h?x=1", "query"),
        ("endpoint", "http://h/#/buckets", "fragment"),
        ("endpoint", "http://h:65536", "65535"),
        ("endpoint", "https://[::1]:99999/x", "65535"),
        ("endpoint", "http://h:0", "65535"),
        ("endpoint", "http://h:", "65535"),
        ("endpoint", "http://user:hunter2@h", "credentials"),
        ("region", "eu west", "region"),
        ("profile", "nope", "\"nope\""),
        ("path-style", "perhaps", "path-style"),
        ("connect-timeout", "soon", "connect-timeout"),
    ] {
        let error = S3Config::from_settings(&home.settings(&[]).set(name, value)).expect_err(name);
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}={value}");
        let text = format!("{error} {:?}", error.hint());
        assert!(text.contains(part) && !text.contains("hunter2"), "{text}");
    }
    let unknown =
        S3Config::from_settings(&home.settings(&[("AWS_PROFILE", "nope")])).expect_err("no such profile");
    assert!(unknown.hint().expect("a hint").contains("default, lab"));
}

#[test]
fn several_endpoints_take_the_place_of_one() {
    let config = |endpoints: &str| {
        let settings = Settings::default()
            .set("endpoint", "http://one:1")
            .set("anonymous", "true")
            .set("endpoints", endpoints);
        S3Config::from_settings(&settings)
    };
    let several = config("http://a:1/, http://b:2").expect("a list");
    assert_eq!(several.bucket_url("b"), "http://a:1/b");
    assert_eq!(several.client.endpoints, ["http://a:1", "http://b:2"]);
    for bad in ["http://a:1,", "http://a:1,b:2", "http://a:1/x,http://b:2"] {
        assert_eq!(config(bad).expect_err(bad).kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn files_that_cannot_be_read_do_not_matter_when_all_is_given() {
    let home = TempDir::new().expect("a folder");
    let file = home.path().join(".aws/config");
    // Not even the superuser can read a folder as a file.
    std::fs::create_dir_all(&file).expect("a folder");
    let region = ("AWS_REGION", "r");
    let keys = [("AWS_ACCESS_KEY_ID", "ENV"), ("AWS_SECRET_ACCESS_KEY", "s")];
    let home = home.path().display().to_string();
    let resolve = |variables: &[(&str, &str)]| {
        S3Config::from_settings(&Settings::new(
            variables.iter().copied().chain([("HOME", home.as_str())]).collect(),
        ))
    };
    assert_eq!(id(&resolve(&[keys[0], keys[1], region]).expect("complete")), "ENV");
    assert!(resolve(&[("AWS_SKIP_SIGNATURE", "true"), region]).is_ok());
    for variables in [
        &[keys[0], keys[1]][..],
        &[keys[0], region],
        &[region],
        &[keys[0], keys[1], region, ("AWS_PROFILE", "lab")],
    ] {
        let error = resolve(variables).expect_err("incomplete");
        assert!(error.to_string().contains(".aws/config"), "{error}");
    }
}

#[test]
fn debug_shows_no_secrets() {
    let home = Home::new(CONFIG, CREDENTIALS);
    let settings = home.settings(&[("AWS_PROFILE", "lab"), ("HTTPS_PROXY", "http://me:lab-proxy@h:1")]);
    let shown = format!("{:?}", S3Config::from_settings(&settings).expect("valid"));
    for secret in ["lab-secret", "lab-token", "lab-proxy"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
