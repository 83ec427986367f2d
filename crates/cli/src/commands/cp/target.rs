//! `Target`: what the last argument of `cp` means for each source.

use std::collections::BTreeMap;

use rangeway::{Error, Result, StoreUri};

use crate::location;

/// Where copies go.
#[derive(Debug)]
pub(super) struct Target {
    place: StoreUri,
    /// Whether objects keep their names below it.
    is_folder: bool,
    /// Whether each tree has a folder of its own below it.
    is_shared: bool,
}

impl Target {
    /// The target `place` for one source, or for `several`.
    pub(super) fn new(place: StoreUri, several: bool) -> Result<Self> {
        let is_folder = place.key().is_empty()
            || place.key().as_str().ends_with('/')
            || location::is_local_folder(&place);
        let shown = location::shown(&place);
        if several && !is_folder {
            return Err(Error::invalid(format!(
                "several sources need a folder, and {shown} names an object"
            ))
            .with_hint(format!("write {shown}/ to copy into it")));
        }
        Ok(Self { place, is_folder, is_shared: several })
    }

    /// Fails where two sources would get the same name here: the second would take the place of the first.
    ///
    /// # Errors
    /// `InvalidInput` that names both.
    pub(super) fn check_names(&self, sources: &[StoreUri]) -> Result<()> {
        let mut taken = BTreeMap::new();
        for source in sources.iter().filter(|_| self.is_shared) {
            if let Some(other) = taken.insert(name(source), source) {
                let (first, second) = (location::shown(other), location::shown(source));
                let both = format!("{}{}", location::below(&self.place), name(source));
                return Err(Error::invalid(format!(
                    "{first} and {second} would both become {}",
                    location::shown(&self.place.with_key(both))
                ))
                .with_hint("copy them one by one, each to a name of its own"));
            }
        }
        Ok(())
    }

    /// The place as it was given.
    pub(super) fn place(&self) -> &StoreUri {
        &self.place
    }

    /// Whether objects keep their names below it.
    pub(super) fn is_folder(&self) -> bool {
        self.is_folder
    }

    /// Where a single object goes.
    ///
    /// # Errors
    /// `InvalidInput` for a page of a web server, which has no name of its own, in a folder.
    pub(super) fn of_object(&self, source: &StoreUri) -> Result<StoreUri> {
        if !self.is_folder {
            return Ok(self.place.clone());
        }
        let (folder, name) = (location::below(&self.place), source.key().file_name());
        if name.is_empty() {
            let (source, folder) = (location::shown(source), location::shown(&self.place.with_key(folder)));
            return Err(Error::invalid(format!("{source} has no file name to keep in {folder}"))
                .with_hint(format!("name the file, as in rangeway cp {source} {folder}page.html")));
        }
        Ok(self.place.with_key(format!("{folder}{name}")))
    }

    /// What stands before the names of a tree's objects.
    ///
    /// # Errors
    /// `InvalidInput` when it names a file.
    pub(super) fn of_tree(&self, source: &StoreUri) -> Result<String> {
        if location::local_path(&self.place).is_some_and(|path| path.is_file()) {
            let shown = location::shown(&self.place);
            return Err(Error::invalid(format!("{shown} is a file, and a tree needs a folder")));
        }
        let folder = location::below(&self.place);
        Ok(if self.is_shared { format!("{folder}{}/", name(source)) } else { folder })
    }
}

/// The name of a source among others: of the object or folder, or of the bucket.
fn name(source: &StoreUri) -> &str {
    match source.key().as_str().trim_end_matches('/').rsplit('/').next() {
        None | Some("") => source.container(),
        Some(name) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> StoreUri {
        location::parse_place(text, &rangeway::Registry::linked()).expect(text)
    }

    #[test]
    fn objects_row_by_row() {
        for (source, target, expected) in [
            ("s3://b/a/x.bin", "s3://c/y.bin", "s3://c/y.bin"),
            ("s3://b/a/x.bin", "s3://c/y/", "s3://c/y/x.bin"),
            ("s3://b/a/x.bin", "s3://c", "s3://c/x.bin"),
            ("s3://b/a/x.bin", "/", "/x.bin"),
            ("s3://b/a/x.bin", "/no-such-folder/y", "/no-such-folder/y"),
            ("/no-such-folder/x.bin", "s3://c/y/", "s3://c/y/x.bin"),
        ] {
            let target = Target::new(place(target), false).expect(target);
            let found = target.of_object(&place(source)).expect(source);
            assert_eq!(location::shown(&found), expected, "{source}");
        }
    }

    #[test]
    fn trees_row_by_row() {
        for (source, target, several, expected) in [
            ("s3://b/a", "s3://c/y", false, "y/"),
            ("s3://b/a/", "s3://c/y/", false, "y/"),
            ("s3://b", "s3://c", false, ""),
            ("s3://b/a/", "s3://c/y/", true, "y/a/"),
            ("s3://b/d/a", "s3://c", true, "a/"),
            ("s3://b", "s3://c/y/", true, "y/b/"),
        ] {
            let target = Target::new(place(target), several).expect(target);
            assert_eq!(target.of_tree(&place(source)).expect(source), expected, "{source} to {target:?}");
        }
    }

    #[test]
    fn a_name_is_taken_once_row_by_row() {
        for (sources, expected) in [
            (["s3://b/a/x", "s3://b/c/y"], None),
            (["s3://b/a/x", "s3://b/c/x"], Some("s3://b/a/x and s3://b/c/x would both become s3://t/d/x")),
            (["s3://b/a/x/", "/no/x"], Some("s3://b/a/x/ and /no/x would both become s3://t/d/x")),
            (["s3://x", "s3://b/x/"], Some("s3://x and s3://b/x/ would both become s3://t/d/x")),
        ] {
            let target = Target::new(place("s3://t/d/"), true).expect("a folder");
            let checked = target.check_names(&sources.map(place));
            let found = checked.map_err(|error| error.to_string().replace("invalid input: ", "")).err();
            assert_eq!(found.as_deref(), expected, "{sources:?}");
        }
    }

    #[test]
    fn several_sources_need_a_folder() {
        let error = Target::new(place("s3://b/x"), true).expect_err("an object");
        assert_eq!(error.hint(), Some("write s3://b/x/ to copy into it"));
        assert!(Target::new(place("s3://b"), true).is_ok());
    }
}
