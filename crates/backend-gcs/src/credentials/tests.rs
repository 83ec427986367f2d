//! The order of sources, and what documents of each kind become.

use super::*;

fn found(settings: &[(&str, &str)], variables: &[(&str, &str)], is_emulated: bool) -> Result<Found> {
    let environment: Env = variables.iter().copied().collect();
    let settings =
        settings.iter().fold(Settings::new(environment), |all, (name, value)| all.set(*name, *value));
    Source::find(&settings, is_emulated)
}

const USER: &str = r#"{"type":"authorized_user","client_id":"c","client_secret":"hunter2","refresh_token":"hunter2",
    "quota_project_id":"p"}"#;

#[test]
fn the_order_of_sources_row_by_row() -> Result<()> {
    const TOKEN: (&str, &str) = ("GOOGLE_OAUTH_ACCESS_TOKEN", "t");
    const JSON: (&str, &str) = ("GOOGLE_SERVICE_ACCOUNT_KEY", USER);
    const NONE: (&str, &str) = ("GOOGLE_SKIP_SIGNATURE", "true");
    for (settings, variables, is_emulated, expected) in [
        (vec![("anonymous", "true"), ("bearer-token", "t")], vec![], false, "Anonymous"),
        (vec![("bearer-token", "t"), ("credentials-json", USER)], vec![], false, "Token"),
        (vec![("credentials-json", USER), ("credentials-file", "/nowhere")], vec![], true, "Grant"),
        (vec![], vec![], true, "Anonymous"),
        (vec![], vec![], false, "Machine"),
        (vec![], vec![TOKEN, JSON], false, "Token"),
        (vec![], vec![JSON], false, "Grant"),
        // What is given with the store counts more than what stands around.
        (vec![("credentials-json", USER)], vec![TOKEN], false, "Grant"),
        (vec![("bearer-token", "t")], vec![JSON, NONE], false, "Token"),
        (vec![("anonymous", "false")], vec![TOKEN, NONE], false, "Token"),
        (vec![], vec![TOKEN, NONE], false, "Anonymous"),
        // An emulator is shown nothing that was not meant for it.
        (vec![], vec![TOKEN, JSON], true, "Anonymous"),
        (vec![("anonymous", "false")], vec![TOKEN], true, "Anonymous"),
        (vec![("bearer-token", "t")], vec![JSON], true, "Token"),
    ] {
        let variables: Vec<_> = variables.into_iter().chain([("HOME", "/nowhere")]).collect();
        let found = found(&settings, &variables, is_emulated)?;
        assert_eq!(format!("{:?}", found.source), expected, "{settings:?} {variables:?} {is_emulated}");
    }
    let error = found(&[("credentials-file", "/nowhere/hunter")], &[TOKEN], false).expect_err("no such file");
    assert!(error.to_string().contains("/nowhere/hunter"), "{error}");
    Ok(())
}

#[test]
fn what_gcloud_left_is_found() -> Result<()> {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join(".config/gcloud");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("application_default_credentials.json"), USER).expect("a file");
    for variable in [("HOME", home.path()), ("CLOUDSDK_CONFIG", &folder)] {
        let text = variable.1.to_str().expect("UTF-8");
        let found = found(&[], &[(variable.0, text)], false)?;
        assert!(matches!(found.source, Source::Grant(Grant::User { .. })));
        assert_eq!(found.project.as_deref(), Some("p"));
    }
    Ok(())
}

#[test]
fn documents_that_cannot_be_used_are_refused_by_name() {
    const EXTERNAL: &str =
        r#""type":"external_account","audience":"a","subject_token_type":"t","token_url":"http://h""#;
    for (document, kind, part) in [
        ("{}".to_owned(), ErrorKind::InvalidInput, "private_key"),
        (
            r#"{"type":"service_account","private_key":"hunter2"}"#.to_owned(),
            ErrorKind::InvalidInput,
            "client_email",
        ),
        (
            r#"{"type":"service_account","private_key":"hunter2","client_email":"e"}"#.to_owned(),
            ErrorKind::InvalidInput,
            "no RSA key",
        ),
        (
            r#"{"type":"authorized_user","client_id":"c"}"#.to_owned(),
            ErrorKind::InvalidInput,
            "client_secret",
        ),
        (r#"{"type":"gdch_service_account"}"#.to_owned(), ErrorKind::Unauthenticated, "gdch_service_account"),
        (format!("{{{EXTERNAL}}}"), ErrorKind::InvalidInput, "credential_source"),
        (
            format!(r#"{{{EXTERNAL},"credential_source":{{"environment_id":"aws1","url":"http://h"}}}}"#),
            ErrorKind::Unauthenticated,
            "environment_id",
        ),
        (
            format!(r#"{{{EXTERNAL},"credential_source":{{"executable":{{"command":"x"}}}}}}"#),
            ErrorKind::Unauthenticated,
            "executable",
        ),
        (
            format!(r#"{{{EXTERNAL},"credential_source":{{"file":"f","format":{{"type":"json"}}}}}}"#),
            ErrorKind::InvalidInput,
            "subject_token_field_name",
        ),
    ] {
        let error = found(&[("credentials-json", &document)], &[], false).expect_err(part);
        let shown = format!("{error} {error:?} {}", error.hint().unwrap_or_default());
        assert_eq!(error.kind(), kind, "{shown}");
        assert!(shown.contains(part) && !shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn a_token_is_marked_as_secret() -> Result<()> {
    assert!(bearer("hunter2")?.is_sensitive());
    assert!(bearer("hunter\n2").is_err());
    Ok(())
}
