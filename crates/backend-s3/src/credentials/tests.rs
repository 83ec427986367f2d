//! Tests of where credentials come from.

use rangeway_core::Env;

use super::*;

fn profile(pairs: &[(&str, &str)]) -> Section {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn find(variables: &[(&str, &str)], section: &[(&str, &str)]) -> Result<Source> {
    let settings = Settings::new(variables.iter().copied().collect::<Env>());
    Source::find(&settings, &profile(section), None)
}

/// What kind of source it is, in a word.
fn word(source: &Source) -> &'static str {
    match source {
        Source::Anonymous => "anonymous",
        Source::Keys(_) => "keys",
        Source::Process(_) => "process",
        Source::Chain(_) => "chain",
        Source::Nothing => "nothing",
    }
}

#[test]
fn sources_row_by_row() {
    const ID: (&str, &str) = ("AWS_ACCESS_KEY_ID", "a");
    const SECRET: (&str, &str) = ("AWS_SECRET_ACCESS_KEY", "b");
    const PROCESS: (&str, &str) = ("credential_process", "x");
    for (variables, section, expected) in [
        (vec![ID, SECRET], vec![PROCESS], "keys"),
        (vec![], vec![("aws_access_key_id", "a"), ("aws_secret_access_key", "b")], "keys"),
        (vec![], vec![PROCESS], "process"),
        (vec![], vec![], "chain"),
        (vec![], vec![("role_arn", "r"), ("web_identity_token_file", "f")], "chain"),
        (vec![("AWS_EC2_METADATA_DISABLED", "true")], vec![], "nothing"),
        (
            vec![("AWS_EC2_METADATA_DISABLED", "true"), ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x")],
            vec![],
            "chain",
        ),
    ] {
        let source = find(&variables, &section).expect("a source");
        assert_eq!(word(&source), expected, "{variables:?} {section:?}");
    }
}

#[test]
fn half_a_key_is_refused_by_name() {
    for (variables, section, missing) in [
        (vec![("AWS_ACCESS_KEY_ID", "a")], vec![], "secret"),
        (vec![("AWS_SECRET_ACCESS_KEY", "hunter2")], vec![], "id"),
        (vec![], vec![("aws_access_key_id", "a")], "secret"),
    ] {
        let error = find(&variables, &section).expect_err(missing);
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(missing) && !error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn profiles_that_the_cli_must_resolve_say_so() {
    for section in [
        vec![("sso_session", "x")],
        vec![("sso_start_url", "x")],
        vec![("role_arn", "r"), ("source_profile", "p")],
        vec![("login_session", "x")],
    ] {
        let error = find(&[], &section).expect_err("unsupported");
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        assert!(error.hint().expect("a hint").contains("aws configure export-credentials --profile default"));
    }
}

#[test]
fn the_variables_of_containers_and_identities_are_passed_on() {
    let variables = CHAIN.map(|name| (name, "v"));
    let Ok(Source::Chain(options)) = find(&variables, &[]) else { panic!("a chain") };
    assert_eq!(options.len(), CHAIN.len());
}
