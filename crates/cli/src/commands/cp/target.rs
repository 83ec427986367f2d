//! `Target`: what the last argument of `cp` means for each source.

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

    /// The place as it was given.
    pub(super) fn place(&self) -> &StoreUri {
        &self.place
    }

    /// Whether objects keep their names below it.
    pub(super) fn is_folder(&self) -> bool {
        self.is_folder
    }

    /// Where a single object goes.
    pub(super) fn of_object(&self, source: &StoreUri) -> StoreUri {
        if !self.is_folder {
            return self.place.clone();
        }
        let folder = location::below(&self.place);
        self.place.with_key(format!("{folder}{}", source.key().file_name()))
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
        let name = source.key().as_str().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        Ok(match (self.is_shared, name) {
            (false, _) => folder,
            (true, "") => format!("{folder}{}/", source.container()),
            (true, name) => format!("{folder}{name}/"),
        })
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
            assert_eq!(location::shown(&target.of_object(&place(source))), expected, "{source}");
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
    fn several_sources_need_a_folder() {
        let error = Target::new(place("s3://b/x"), true).expect_err("an object");
        assert_eq!(error.hint(), Some("write s3://b/x/ to copy into it"));
        assert!(Target::new(place("s3://b"), true).is_ok());
    }
}
