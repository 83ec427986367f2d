//! From an argument to the place it means: a URI, a local path or a standard stream.

use std::path::{Component, Path, PathBuf};

use rangeway::{Error, Registry, Result, StoreUri};

/// The scheme of local paths.
const LOCAL: &str = "file";

/// The scheme of files that are read and written past the page cache.
const DIRECT: &str = "direct";

/// What an argument means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// `-`: standard input as a source, standard output as a target.
    Stdio,
    /// A place in a store.
    Place(StoreUri),
}

impl Location {
    /// Reads an argument: `-`, a URI, or a local path, which is taken literally.
    pub(crate) fn parse(argument: &str, registry: &Registry) -> Result<Self> {
        if argument == "-" {
            return Ok(Self::Stdio);
        }
        parse_place(argument, registry).map(Self::Place)
    }
}

/// Reads an argument that must be a URI, in any form that a backend in `registry` knows, or a local path.
pub(crate) fn parse_place(argument: &str, registry: &Registry) -> Result<StoreUri> {
    match argument {
        "" => Err(Error::invalid("an empty path names nothing")),
        "-" => Err(Error::invalid("- is for cp only").with_hint("for a file of that name write ./-")),
        // A path that starts like one is never a URI, so that any file can be named.
        _ if argument.contains("://") && !argument.starts_with(['/', '.']) => registry.parse(argument),
        _ => match one_slash(argument) {
            Some((scheme, rest)) => {
                // Local files have no host between the second slash and the third.
                let host = if matches!(scheme, "file" | "direct") { "/" } else { "" };
                Err(Error::invalid(format!("{argument:?} is neither a URI nor a plain path")).with_hint(
                    format!("write {scheme}://{host}{rest}, or ./{argument} if it is a local path"),
                ))
            }
            None => local(argument),
        },
    }
}

/// The scheme and the rest of what looks like a URI but lacks a slash: it would become a local folder `s3:`.
fn one_slash(argument: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = argument.split_once(":/")?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    (is_scheme && !rest.starts_with('/')).then_some((scheme, rest))
}

/// The URI of a local path: absolute, otherwise exactly as written. A folder that is named as such ends with `/`.
fn local(argument: &str) -> Result<StoreUri> {
    let failed = |error| Error::io(format!("cannot find the folder of {argument:?}"), error);
    let path = without_parents(Path::new(argument)).map_err(failed)?;
    let absolute = std::path::absolute(path).map_err(failed)?;
    let text = absolute
        .to_str()
        .ok_or_else(|| Error::invalid(format!("the path of {argument:?} is not UTF-8, as keys must be")))?;
    let mut key = text.trim_start_matches('/').to_owned();
    let last = argument.rsplit('/').next().unwrap_or_default();
    if matches!(last, "" | "." | "..") && !key.is_empty() && !key.ends_with('/') {
        key.push('/');
    }
    Ok(StoreUri::new(LOCAL, "", key))
}

/// The path with everything up to its last `..` resolved as the system does, symbolic links included.
fn without_parents(path: &Path) -> std::io::Result<PathBuf> {
    let components: Vec<_> = path.components().collect();
    let Some(last) = components.iter().rposition(|component| *component == Component::ParentDir) else {
        return Ok(path.to_owned());
    };
    let resolved = components[..=last].iter().collect::<PathBuf>().canonicalize()?;
    Ok(resolved.join(components[last + 1..].iter().collect::<PathBuf>()))
}

/// The local path of a place, if it has one.
pub(crate) fn local_path(place: &StoreUri) -> Option<PathBuf> {
    // A container that is a path is a folder opened as a store; `localhost` is none.
    let root = Some(place.container()).filter(|root| root.starts_with('/')).unwrap_or_default();
    matches!(place.scheme(), LOCAL | DIRECT).then(|| PathBuf::from(format!("{root}/{}", place.key())))
}

/// Whether a place is an existing local folder.
pub(crate) fn is_local_folder(place: &StoreUri) -> bool {
    local_path(place).is_some_and(|path| path.is_dir())
}

/// Whether a place is a local symbolic link itself; with a slash behind its name it is what the link leads to.
pub(crate) fn is_local_link(place: &StoreUri) -> bool {
    !place.key().as_str().ends_with('/') && local_path(place).is_some_and(|path| path.is_symlink())
}

/// A place as users write it: a path where that means the same.
pub(crate) fn shown(place: &StoreUri) -> String {
    let path = local_path(place).filter(|_| place.scheme() == LOCAL);
    path.map_or_else(|| place.to_string(), |path| path.display().to_string())
}

/// Adds to the error of a place that was not found what the user may have meant by a `*` in it: the shell has found no files
/// for that, and other tools look for objects.
pub(crate) fn explained(error: Error, place: &StoreUri) -> Error {
    if error.is_not_found() && error.hint().is_none() && place.key().as_str().contains('*') {
        return error.with_hint(
            "a * stands for itself here: name the objects, or use -r for everything below a prefix",
        );
    }
    error
}

/// The prefix of everything below a place.
pub(crate) fn below(place: &StoreUri) -> String {
    let key = place.key().as_str();
    if key.is_empty() || key.ends_with('/') { key.to_owned() } else { format!("{key}/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_place(argument: &str) -> Result<StoreUri> {
        super::parse_place(argument, &Registry::linked())
    }

    fn key(argument: &str) -> String {
        parse_place(argument).expect(argument).key().to_string()
    }

    #[test]
    fn uris_and_paths_row_by_row() {
        for (argument, shown_as) in [
            ("s3://b/k", "s3://b/k"),
            ("s3://b/a//b/", "s3://b/a//b/"),
            ("/data/x", "/data/x"),
            ("/data//x", "/data/x"),
            ("/data/./x", "/data/x"),
            ("/data/", "/data/"),
            ("/data/.", "/data/"),
            ("/", "/"),
            ("/what?.txt", "/what?.txt"),
            ("/a b#%20", "/a b#%20"),
            ("/a://b", "/a:/b"),
            ("file:///data/x", "/data/x"),
            ("direct:///data/x", "direct:///data/x"),
            ("file://localhost/data/x", "/data/x"),
        ] {
            assert_eq!(shown(&parse_place(argument).expect(argument)), shown_as, "{argument}");
        }
    }

    #[test]
    fn urls_of_a_service_are_its_objects_and_others_are_plain() {
        for (argument, shown_as) in [
            ("https://account.blob.core.windows.net/c/a%20b", "az://c/a b"),
            ("https://account.dfs.core.windows.net/c/x", "az://c/x"),
            ("https://account.blob.core.windows.net/c/x?sv=1&sig=y", "az://c/x"),
            ("abfss://c@account.dfs.core.windows.net/x", "az://c/x"),
            ("https://storage.googleapis.com/b/a%20b", "gs://b/a b"),
            ("https://b.storage.googleapis.com/x", "gs://b/x"),
            ("gcs://b/x", "gs://b/x"),
            ("https://storage.googleapis.com/b/x?X-Goog-Signature=1", "https://storage.googleapis.com/b/x"),
            ("https://example.org/c/a%20b", "https://example.org/c/a%20b"),
            ("http://account.blob.core.windows.net/c/x", "http://account.blob.core.windows.net/c/x"),
        ] {
            assert_eq!(parse_place(argument).expect(argument).to_string(), shown_as, "{argument}");
        }
    }

    #[test]
    fn a_uri_without_its_second_slash_is_no_path() {
        let error = parse_place("s3:/bucket/x").expect_err("a typo");
        assert_eq!(error.hint(), Some("write s3://bucket/x, or ./s3:/bucket/x if it is a local path"));
        let error = parse_place("file:/x/y").expect_err("a slash is missing");
        assert_eq!(error.hint(), Some("write file:///x/y, or ./file:/x/y if it is a local path"));
        for path in ["./s3:/bucket/x", "/s3:/x", "12:30/x", "a:b/c", "a b:/c", "x/y:/z", ":/x"] {
            assert!(parse_place(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn a_folder_that_is_a_store_has_a_path() {
        assert_eq!(shown(&StoreUri::new(LOCAL, "/data/x", "y/z")), "/data/x/y/z");
    }

    #[test]
    fn relative_paths_become_absolute() -> std::io::Result<()> {
        let here = std::env::current_dir()?.display().to_string();
        let here = here.trim_start_matches('/');
        assert_eq!(key("x"), format!("{here}/x"));
        assert_eq!(key("./x?y=z"), format!("{here}/x?y=z"));
        assert_eq!(key("./s3://x"), format!("{here}/s3:/x"));
        assert_eq!(key("."), format!("{here}/"));
        assert_eq!(key("src/../x"), format!("{here}/x"));
        assert_eq!(key("src/.."), format!("{here}/"));
        Ok(())
    }

    #[test]
    fn a_parent_of_nothing_is_an_error() {
        let error = parse_place("no-such-folder/../x").expect_err("no such folder");
        assert!(error.is_not_found(), "{error}");
    }

    #[test]
    fn standard_streams_are_for_cp() {
        assert_eq!(Location::parse("-", &Registry::linked()).expect("a stream"), Location::Stdio);
        assert!(parse_place("-").is_err() && parse_place("").is_err());
        assert!(matches!(Location::parse("./-", &Registry::linked()), Ok(Location::Place(_))));
    }

    #[test]
    fn what_is_below_ends_with_a_slash_or_is_everything() {
        for (uri, prefix) in [("s3://b", ""), ("s3://b/a", "a/"), ("s3://b/a/", "a/"), ("s3://b/a//", "a//")]
        {
            assert_eq!(below(&parse_place(uri).expect(uri)), prefix);
        }
    }
}
