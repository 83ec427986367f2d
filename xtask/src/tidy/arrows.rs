//! Which member of the workspace may depend on which: the arrows of ARCHITECTURE.md, as a table.

use super::Finding;
use super::metadata::{Dependency, Member};
use crate::files::File;

const CORE: &str = "rangeway-core";
const ENGINE: &str = "rangeway-range-engine";
const TRANSPORT: &str = "rangeway-transport";
const FACADE: &str = "rangeway";
const TESTKIT: &str = "rangeway-testkit";
/// Stands for every backend.
const BACKENDS: &str = "rangeway-backend-*";
/// Stands for every member.
const ANY: &str = "*";

/// A member, and the members it may depend on. The first row that names a member counts.
const ARROWS: [(&str, &[&str]); 13] = [
    (CORE, &[]),
    (ENGINE, &[CORE]),
    (TRANSPORT, &[CORE]),
    (TESTKIT, &[CORE]),
    ("rangeway-backend-s3", &[CORE, ENGINE, TRANSPORT]),
    ("rangeway-backend-azure", &[CORE, ENGINE, TRANSPORT]),
    ("rangeway-backend-gcs", &[CORE, ENGINE, TRANSPORT]),
    ("rangeway-backend-http", &[CORE, ENGINE, TRANSPORT]),
    (BACKENDS, &[CORE, ENGINE]),
    (FACADE, &[CORE, ENGINE, BACKENDS]),
    ("rangeway-cli", &[FACADE]),
    ("rangeway-benches", &[ANY]),
    ("xtask", &[FACADE]),
];

/// What any member may have as a dev-dependency.
const DEV_ONLY: &str = TESTKIT;

/// Arrows that the table above does not allow, and why they are allowed: from, to, reason.
const EXCEPTIONS: [(&str, &str, &str); 1] = [(
    "rangeway-cli",
    TESTKIT,
    "`demo` runs against a server in its own process, `bench` verifies seeded data",
)];

/// The members that may use `anyhow`: programs. A library returns `rangeway_core::Error`.
const ANYHOW: [&str; 3] = ["rangeway-cli", "rangeway-benches", "xtask"];

pub(super) fn check(members: &[Member], files: &[File]) -> Vec<Finding> {
    let is_member = |name: &str| members.iter().any(|member| member.name == name);
    let mut findings = Vec::new();
    for member in members {
        let text = files.iter().find(|file| file.path == member.manifest).map_or("", |file| &file.text);
        let Some(allowed) = allowed(&member.name) else {
            let message =
                format!("`{}` has no row; add one to ARROWS in xtask/src/tidy/arrows.rs", member.name);
            findings.push(Finding::new(&member.manifest, 1, message));
            continue;
        };
        for dependency in &member.dependencies {
            let Dependency { name, dev } = dependency;
            let message = if name == "anyhow" && !dev && !ANYHOW.contains(&member.name.as_str()) {
                "only programs use `anyhow`; return `rangeway_core::Error`, or a private `thiserror` cause"
                    .to_owned()
            } else if !is_member(name) || is_allowed(&member.name, allowed, dependency) {
                continue;
            } else if name == DEV_ONLY {
                format!("`{name}` is for tests; move it to [dev-dependencies]")
            } else {
                let allowed = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
                format!(
                    "`{}` may not depend on `{name}` (it may depend on: {allowed}); \
                     use what is allowed, or move the shared code down to `{CORE}`",
                    member.name
                )
            };
            findings.push(Finding::new(&member.manifest, line_of(text, dependency), message));
        }
    }
    findings
}

/// The members that `name` may depend on; `None` when the table doesn't know it.
fn allowed(name: &str) -> Option<&'static [&'static str]> {
    ARROWS.iter().find(|(pattern, _)| matches(pattern, name)).map(|(_, allowed)| *allowed)
}

fn is_allowed(from: &str, allowed: &[&str], dependency: &Dependency) -> bool {
    let to = dependency.name.as_str();
    allowed.iter().any(|pattern| matches(pattern, to))
        || (dependency.dev && to == DEV_ONLY)
        || EXCEPTIONS.iter().any(|(exempt, target, _)| *exempt == from && *target == to)
}

/// Whether `name` is what `pattern` says; a `*` at its end stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |prefix| name.starts_with(prefix))
}

/// The line of a `Cargo.toml` that declares a dependency, or 1.
fn line_of(manifest: &str, dependency: &Dependency) -> usize {
    let mut in_section = false;
    for (number, line) in (1..).zip(manifest.lines()) {
        if line.starts_with('[') {
            in_section = line.contains("dependencies") && line.contains("dev-") == dependency.dev;
        }
        let declared = line.trim_start_matches(|c: char| c == '[' || c.is_whitespace());
        let rest = declared.strip_prefix(dependency.name.as_str());
        if in_section && rest.is_some_and(|rest| rest.starts_with([' ', '.', '='])) {
            return number;
        }
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::rows;

    const MEMBERS: [&str; 9] = [
        CORE,
        ENGINE,
        TRANSPORT,
        TESTKIT,
        FACADE,
        "rangeway-backend-s3",
        "rangeway-backend-file",
        "rangeway-cli",
        "xtask",
    ];

    /// What a workspace says in which `from` depends on `to`.
    fn findings(from: &str, to: &str, dev: bool) -> Vec<Finding> {
        let members = MEMBERS.map(|name| {
            let dependencies =
                if name == from { vec![Dependency { name: to.to_owned(), dev }] } else { vec![] };
            Member { name: name.to_owned(), manifest: format!("{name}/Cargo.toml"), dependencies }
        });
        check(&members, &[])
    }

    #[test]
    fn the_arrows_of_the_design_are_allowed() {
        for (from, to, dev) in [
            (ENGINE, CORE, false),
            (TRANSPORT, CORE, false),
            ("rangeway-backend-file", ENGINE, false),
            ("rangeway-backend-s3", TRANSPORT, false),
            (FACADE, "rangeway-backend-s3", false),
            ("rangeway-cli", FACADE, false),
            ("rangeway-cli", TESTKIT, false),
            ("xtask", FACADE, false),
            (TESTKIT, CORE, false),
            (CORE, TESTKIT, true),
            ("rangeway-backend-file", TESTKIT, true),
            (CORE, "bytes", false),
            ("xtask", "anyhow", false),
            (CORE, "anyhow", true),
        ] {
            assert_eq!(findings(from, to, dev), [], "{from} -> {to}");
        }
    }

    #[test]
    fn every_other_arrow_is_refused() {
        for (from, to, dev) in [
            (CORE, ENGINE, false),
            (CORE, ENGINE, true),
            (ENGINE, TRANSPORT, false),
            (TRANSPORT, ENGINE, false),
            ("rangeway-backend-file", TRANSPORT, false),
            ("rangeway-backend-file", "rangeway-backend-s3", true),
            (FACADE, TRANSPORT, false),
            (FACADE, TESTKIT, false),
            ("rangeway-cli", "rangeway-backend-s3", false),
            ("rangeway-cli", CORE, false),
            ("xtask", CORE, false),
            (TESTKIT, ENGINE, false),
            (CORE, "xtask", true),
            (CORE, "anyhow", false),
        ] {
            assert_eq!(findings(from, to, dev).len(), 1, "{from} -> {to}");
        }
    }

    #[test]
    fn a_finding_names_the_line_and_what_to_do() {
        let manifest = "[package]\nname = \"rangeway\"\n\n[dev-dependencies]\nrangeway-testkit.workspace = true\n\n\
                        [dependencies]\nbytes = \"1\"\nrangeway-testkit = { workspace = true }\n";
        let file = File::fixture("crates/rangeway/Cargo.toml", manifest);
        let dependency = |dev| Dependency { name: TESTKIT.to_owned(), dev };
        let testkit = Member {
            name: TESTKIT.to_owned(),
            manifest: "crates/testkit/Cargo.toml".to_owned(),
            dependencies: vec![],
        };
        let facade = Member {
            name: FACADE.to_owned(),
            manifest: file.path.clone(),
            dependencies: vec![dependency(true), dependency(false)],
        };
        let expected =
            "crates/rangeway/Cargo.toml:9: `rangeway-testkit` is for tests; move it to [dev-dependencies]";
        assert_eq!(rows(&check(&[facade, testkit], &[file])), [expected]);
    }

    #[test]
    fn a_member_that_the_table_does_not_know_is_refused() {
        let member =
            Member { name: "new".to_owned(), manifest: "new/Cargo.toml".to_owned(), dependencies: vec![] };
        let expected = "new/Cargo.toml:1: `new` has no row; add one to ARROWS in xtask/src/tidy/arrows.rs";
        assert_eq!(rows(&check(&[member], &[])), [expected]);
    }
}
