//! The members of the workspace and what they depend on, from `cargo metadata --no-deps`.

use anyhow::{Context, Result};
use serde_json::Value;

/// A member of the workspace.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: String,
    /// The path of its `Cargo.toml`, relative to the root.
    pub(super) manifest: String,
    pub(super) dependencies: Vec<Dependency>,
}

/// A line of a member's `Cargo.toml`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dependency {
    pub(super) name: String,
    /// Whether it is a dev-dependency.
    pub(super) dev: bool,
}

/// Reads what `cargo metadata` wrote.
pub(super) fn members(json: &str) -> Result<Vec<Member>> {
    let metadata: Value = serde_json::from_str(json).context("`cargo metadata` did not write JSON")?;
    let root = text(&metadata, "workspace_root")?.replace('\\', "/");
    list(&metadata, "packages")?.iter().map(|package| member(package, &root)).collect()
}

fn member(package: &Value, root: &str) -> Result<Member> {
    let manifest = text(package, "manifest_path")?.replace('\\', "/");
    let relative = manifest.strip_prefix(root).unwrap_or(&manifest).trim_start_matches('/');
    let dependencies = list(package, "dependencies")?.iter().map(|dependency| {
        let dev = dependency["kind"].as_str() == Some("dev");
        Ok(Dependency { name: text(dependency, "name")?.to_owned(), dev })
    });
    Ok(Member {
        name: text(package, "name")?.to_owned(),
        manifest: relative.to_owned(),
        dependencies: dependencies.collect::<Result<_>>()?,
    })
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value[key].as_str().with_context(|| format!("`cargo metadata` has no text `{key}`"))
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    value[key].as_array().with_context(|| format!("`cargo metadata` has no list `{key}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_with_their_kinds_of_dependency() {
        let json = r#"{
            "workspace_root": "/data/rangeway",
            "packages": [{
                "name": "rangeway-core",
                "manifest_path": "/data/rangeway/crates/core/Cargo.toml",
                "dependencies": [
                    { "name": "bytes", "kind": null },
                    { "name": "proptest", "kind": "dev" },
                    { "name": "cc", "kind": "build" }
                ]
            }]
        }"#;
        let dependency = |name: &str, dev| Dependency { name: name.to_owned(), dev };
        let expected = Member {
            name: "rangeway-core".to_owned(),
            manifest: "crates/core/Cargo.toml".to_owned(),
            dependencies: vec![
                dependency("bytes", false),
                dependency("proptest", true),
                dependency("cc", false),
            ],
        };
        assert_eq!(members(json).expect("well-formed"), [expected]);
    }

    #[test]
    fn other_json_is_refused_by_name() {
        for (json, expected) in [
            ("{", "`cargo metadata` did not write JSON"),
            ("{}", "`cargo metadata` has no text `workspace_root`"),
            (r#"{"workspace_root": "/data"}"#, "`cargo metadata` has no list `packages`"),
        ] {
            assert_eq!(members(json).expect_err("malformed").to_string(), expected);
        }
    }
}
