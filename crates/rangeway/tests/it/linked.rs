//! Which backends are linked: a registration that the linker drops is noticed here.

use rangeway::{ErrorKind, Registry};

/// The schemes of each feature set, in order.
fn expected() -> Vec<&'static str> {
    let mut schemes = vec!["memory"];
    if cfg!(feature = "azure") {
        schemes.extend(["abfs", "abfss", "az"]);
    }
    if cfg!(feature = "file") {
        schemes.extend(["direct", "file"]);
    }
    if cfg!(feature = "gcs") {
        schemes.extend(["gcs", "gs"]);
    }
    if cfg!(feature = "http") {
        schemes.extend(["http", "https"]);
    }
    if cfg!(feature = "s3") {
        schemes.push("s3");
    }
    schemes.sort_unstable();
    schemes
}

#[test]
fn the_linked_schemes_are_those_of_the_features() {
    assert_eq!(Registry::linked().schemes().collect::<Vec<_>>(), expected());
}

#[test]
fn every_backend_stands_once_and_its_settings_have_docs() {
    let registry = Registry::linked();
    let mut names: Vec<_> = registry.backends().iter().map(|backend| backend.name()).collect();
    names.dedup();
    assert_eq!(names.len(), registry.backends().len());
    for setting in registry.settings() {
        assert!(!setting.doc.is_empty(), "{}", setting.key);
        assert!(
            setting.key.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-'),
            "{}",
            setting.key
        );
    }
}

#[test]
fn a_scheme_that_is_not_linked_is_refused_by_name() {
    let error = rangeway::open("gopher://burrow/carrot").expect_err("no backend");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let hint = error.hint().expect("lists what is linked");
    for scheme in expected() {
        assert!(hint.contains(&format!("{scheme}://")), "{hint}");
    }
}
