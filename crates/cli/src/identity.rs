//! `Identity`: what a place is, whatever it is called. Settings, links and other schemes give one place many names.

use std::path::{Path, PathBuf};

use rangeway::{Registry, Result, Settings, StoreUri};

use crate::location;

/// The settings that say which service a container is in; all others say how it is spoken to.
const OF_SERVICE: [&str; 6] =
    ["account", "connection-string", "emulator", "emulator-host", "endpoint", "endpoints"];

/// A place, to be compared with others. Not to be shown: the values of settings may be secrets.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Identity {
    /// A local path without links, as far as it exists.
    Local(PathBuf),
    /// A key, or a prefix, in a container of a service.
    Remote { service: Vec<Option<String>>, key: String },
}

impl Identity {
    /// The identity of `place` where these settings hold.
    ///
    /// # Errors
    /// `Unsupported` for an unknown scheme.
    pub(crate) fn of(place: &StoreUri, registry: &Registry, settings: &Settings) -> Result<Self> {
        let backend = registry.backend(place.scheme())?;
        if let Some(path) = location::local_path(place) {
            return Ok(Self::Local(resolved(&path)));
        }
        let (known, settings) = (backend.settings(), settings.for_uri(place));
        let value = |name: &&str| {
            let setting = known.iter().find(|setting| setting.is_named(name))?;
            Some(settings.text(setting)?.trim_end_matches('/').to_owned())
        };
        let names = [Some(backend.name().to_owned()), Some(place.container().to_owned())];
        let service = names.into_iter().chain(OF_SERVICE.iter().map(value)).collect();
        Ok(Self::Remote { service, key: place.key().to_string() })
    }

    /// Whether this is in what `tree` is, or is all of it; a tree's key is empty or ends with a slash.
    pub(crate) fn is_inside(&self, tree: &Self) -> bool {
        match (self, tree) {
            (Self::Local(path), Self::Local(tree)) => path.starts_with(tree),
            (Self::Remote { service, key }, Self::Remote { service: of_tree, key: prefix }) => {
                service == of_tree && key.starts_with(prefix)
            }
            _ => false,
        }
    }
}

/// A path with its links followed, as far as it exists.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    let real = path.ancestors().find_map(|known| Some((known.canonicalize().ok()?, known)));
    let Some((real, known)) = real else { return path.to_owned() };
    match path.strip_prefix(known) {
        Ok(rest) if rest != Path::new("") => real.join(rest),
        _ => real,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(uri: &str) -> Identity {
        let registry = Registry::linked();
        let place = registry.parse(uri).expect(uri);
        Identity::of(&place, &registry, &Settings::default()).expect(uri)
    }

    #[test]
    fn services_row_by_row() {
        for (left, right, same) in [
            ("s3://b/x/", "s3://b/x/", true),
            ("s3://b/x/", "s3://b/x/?region=us-east-1", true),
            ("s3://b/x/?endpoint=http://h:1", "s3://b/x/?endpoint=http://h:1/&part-size=8MiB", true),
            ("s3://b/x/?endpoint=http://h:1", "s3://b/x/?endpoint=http://h:2", false),
            ("s3://b/x/", "s3://c/x/", false),
            ("s3://b/x/", "gs://b/x/", false),
            ("gcs://b/x/", "https://storage.googleapis.com/b/x/", true),
            ("https://a.blob.core.windows.net/c/x/", "abfss://c@a.dfs.core.windows.net/x/", true),
            ("az://c/x/?account=a", "az://c/x/?account=b", false),
        ] {
            assert!((identity(left) == identity(right)) == same, "{left} {right}");
            assert!(identity(right).is_inside(&identity(left)) == same, "{left} {right}");
        }
    }

    #[test]
    fn what_is_inside_row_by_row() {
        for (inner, outer, is_inside) in [
            ("s3://b/x/y/", "s3://b/x/", true),
            ("s3://b/x/y/?region=eu-west-1", "s3://b", true),
            ("s3://b/xy/", "s3://b/x/", false),
            ("s3://b/", "s3://b/x/", false),
            ("file:///no/such/folder", "direct:///no/such/", true),
            ("file:///no/such-folder", "file:///no/such/", false),
            ("file:///no/such/folder", "s3://b", false),
        ] {
            assert!(identity(inner).is_inside(&identity(outer)) == is_inside, "{inner} {outer}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn links_are_other_names() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().canonicalize().expect("it exists");
        std::fs::create_dir(path.join("real")).expect("a folder");
        std::os::unix::fs::symlink("real", path.join("link")).expect("a link");
        assert_eq!(resolved(&path.join("link/new/x")), path.join("real/new/x"));
        assert_eq!(resolved(&path.join("link")), path.join("real"));
        let place = |name: &str| identity(&format!("file://{}/{name}", path.display()));
        assert!(place("link/x") == place("real/x") && place("link/x").is_inside(&place("real/")));
    }
}
