//! What must stay out of a crate's dependency tree, as `cargo tree` shows it.

use anyhow::{Result, bail};

use crate::cargo::Cargo;

/// A crate built with some features, and the packages that must not come with it.
struct Promise {
    tree: &'static str,
    without: &'static [&'static str],
    reason: &'static str,
}

const PROMISES: [Promise; 3] = [
    Promise {
        tree: "tree -p rangeway-core -e normal --prefix none --format {p} --locked",
        without: &["tokio", "hyper", "reqwest", "rustls", "http", "native-tls", "ring", "openssl"],
        reason: "core is traits and types: no runtime, no HTTP, no TLS",
    },
    Promise {
        tree: "tree -p rangeway --no-default-features --features file -e normal --prefix none --format {p} --locked",
        without: &["object_store", "reqwest", "hyper", "rustls"],
        reason: "who reads only files builds no HTTP client",
    },
    Promise {
        tree: "tree -p rangeway --no-default-features --features gcs -e normal --prefix none --format {p} --locked",
        without: &[
            "aws-lc-rs",
            "aws-lc-sys",
            "openssl",
            "openssl-sys",
            "native-tls",
            "reqwest",
            "rangeway-backend-azure",
            "rangeway-backend-file",
            "rangeway-backend-http",
            "rangeway-backend-s3",
        ],
        reason: "a backend brings its own only, and TLS is rustls with ring",
    },
];

pub(crate) fn run() -> Result<()> {
    for Promise { tree, without, reason } in PROMISES {
        let cargo = Cargo::new(tree);
        let broken = found(&cargo.output()?, without);
        if !broken.is_empty() {
            bail!("{} in the tree, but {reason}; repeat with: {cargo}", broken.join(", "));
        }
    }
    Ok(())
}

/// Those of `names` that are packages of a tree printed as one `name version` per line.
fn found<'a>(tree: &str, names: &[&'a str]) -> Vec<&'a str> {
    let packages: Vec<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    names.iter().copied().filter(|name| packages.contains(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_found_by_its_whole_name() {
        let tree = "rangeway-core v0.1.0 (rangeway/crates/core)\nhttp-body v1.0.1\ntokio v1.43.0\nbytes v1.9.0 (*)\n";
        assert_eq!(found(tree, &["http", "tokio", "bytes", "ring"]), ["tokio", "bytes"]);
    }
}
