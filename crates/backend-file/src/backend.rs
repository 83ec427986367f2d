//! `FileBackend`: `file:///absolute/path` and `direct:///absolute/path`, and the settings they have.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use rangeway_core::{
    Backend, ContainerMeta, Error, Operation, Result, Setting, SettingKind, Settings, Store, StoreUri,
};
use rangeway_range_engine::{Policy, Ranged, SETTINGS};

use crate::{FileStore, PageCache};

const SYNC: Setting = Setting::new(
    "sync",
    SettingKind::Flag,
    "Whether a write to a file is reported only once the disk has the file and its name. Without it, as with `cp`, a \
     file is whole or not there after a crash of the program, but a power cut may lose what was written last.",
)
.env(&["RANGEWAY_FILE_SYNC"])
.default("false");

const PAGE_CACHE: Setting = Setting::new(
    "page-cache",
    SettingKind::Text,
    "What the kernel's page cache does with files that are read and written: `keep` what it can, or `drop` it, so that \
     large transfers push out nothing that is of use to others. A write then waits for the disk. `direct://` goes past the \
     page cache in any case.",
)
.env(&["RANGEWAY_FILE_PAGE_CACHE"])
.default("keep");

/// The scheme of files that are read and written past the page cache.
const DIRECT: &str = "direct";

/// The backend of `file:///absolute/path` and `direct:///absolute/path`: the container is empty, the key is the path without
/// its first slash.
#[derive(Debug, Default)]
pub struct FileBackend;

rangeway_core::register_backend!(FileBackend);

/// The files below `root` behind the range engine; keys are relative to `root`.
///
/// For URIs there is the registry; this is for programs that keep their objects in one folder.
///
/// # Errors
/// As [`FileStore::new`], and `InvalidInput` for a policy that is not valid.
pub fn open(root: impl AsRef<Path>, policy: Policy) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(Ranged::new(FileStore::new(root)?, policy)?))
}

/// The files below `root` as a URI of `scheme` and these settings would have them; keys are relative to `root`.
///
/// # Errors
/// As [`FileStore::new`], and `InvalidInput` for a setting that is not valid.
pub fn open_as(scheme: &str, root: impl AsRef<Path>, settings: &Settings) -> Result<Arc<dyn Store>> {
    let page_cache = settings.text(&PAGE_CACHE).map(|text| PageCache::parse(&text)).transpose()?;
    let (page_cache, policy) = match scheme {
        DIRECT => (PageCache::Bypass, Policy::disk()),
        _ => (page_cache.unwrap_or_default(), Policy::local()),
    };
    let store = FileStore::new(root)?.sync(settings.flag(&SYNC)?.unwrap_or_default()).page_cache(page_cache);
    Ok(Arc::new(Ranged::new(store, policy.from_settings(settings)?)?))
}

#[async_trait]
impl Backend for FileBackend {
    fn name(&self) -> &'static str {
        "file"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["file", DIRECT]
    }

    fn settings(&self) -> Vec<&'static Setting> {
        [&SYNC, &PAGE_CACHE].into_iter().chain(SETTINGS).collect()
    }

    fn canonical(&self, uri: &StoreUri) -> Option<StoreUri> {
        if !self.schemes().contains(&uri.scheme()) || !is_this_host(uri) {
            return None;
        }
        let plain = StoreUri::new(uri.scheme(), "", uri.key());
        Some(uri.settings().iter().fold(plain, |uri, (name, value)| uri.with_setting(name, value)))
    }

    fn open(&self, uri: &StoreUri, settings: &Settings) -> Result<Arc<dyn Store>> {
        if !uri.container().is_empty() && !is_this_host(uri) {
            let scheme = uri.scheme();
            return Err(Error::invalid(format!(
                "{scheme}:// has no containers such as {:?}",
                uri.container()
            ))
            .with_hint(format!("write an absolute path after three slashes: {scheme}:///data/x")));
        }
        open_as(uri.scheme(), "/", settings)
    }

    async fn list_containers(&self, uri: &StoreUri, _settings: &Settings) -> Result<Vec<ContainerMeta>> {
        Err(no_containers(uri).with_hint("list a folder: file:///data/"))
    }

    async fn create_container(&self, uri: &StoreUri, _settings: &Settings) -> Result<()> {
        Err(no_containers(uri).with_hint("folders are made when a file is written into them; or use `mkdir`"))
    }

    async fn delete_container(&self, uri: &StoreUri, _settings: &Settings) -> Result<()> {
        Err(no_containers(uri).with_hint("delete the files below a prefix; empty folders go with `rmdir`"))
    }
}

/// Whether a URI names the machine it is used on: RFC 8089, section 2, allows that in place of nothing.
fn is_this_host(uri: &StoreUri) -> bool {
    uri.container().eq_ignore_ascii_case("localhost")
}

fn no_containers(uri: &StoreUri) -> Error {
    Error::unsupported(format!("{}:// has no containers", uri.scheme()))
        .with_operation(Operation::Container)
        .with_uri(uri)
}

#[cfg(test)]
mod tests {
    use rangeway_core::{ErrorKind, Registry};

    use super::*;

    #[test]
    fn uris_open_the_root_and_the_path_is_the_key() -> Result<()> {
        let registry = Registry::linked();
        for (uri, root) in [
            ("file:///data/x", "file:///"),
            ("file://localhost/data/x", "file:///"),
            ("direct://LOCALHOST/data/x?sync=true", "direct:///"),
            ("direct:///data/x", "direct:///"),
            ("file:///data/x?page-cache=drop", "file:///"),
        ] {
            let (store, key) = registry.open(uri, &Settings::default())?;
            assert_eq!((store.uri().to_string().as_str(), key.as_str()), (root, "data/x"));
            assert_eq!(store.uri().with_key(key).to_string(), format!("{root}data/x"));
        }
        Ok(())
    }

    #[test]
    fn this_host_is_no_container() -> Result<()> {
        let registry = Registry::linked();
        for (text, plain) in [
            ("file://localhost/", "file:///"),
            ("file://localhost", "file:///"),
            ("direct://LocalHost/data/x?sync=true", "direct:///data/x?sync=true"),
        ] {
            assert_eq!(registry.parse(text)?, plain.parse()?, "{text}");
        }
        assert_eq!(registry.parse("memory://localhost/x")?.container(), "localhost");
        Ok(())
    }

    #[test]
    fn two_slashes_are_refused_with_a_hint() {
        let error = Registry::linked().open("file://data/x", &Settings::default()).expect_err("a host");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.hint().is_some_and(|hint| hint.contains("three slashes")), "{error:?}");
    }

    #[test]
    fn bad_settings_are_refused_by_name() {
        for uri in [
            "file:///x?sync=perhaps",
            "file:///x?in-flight=0",
            "file:///x?root=/data",
            "file:///x?page-cache=bypass",
            "direct:///x?page-cache=never",
        ] {
            let error = Registry::linked().open(uri, &Settings::default()).expect_err(uri);
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        }
    }

    #[tokio::test]
    async fn containers_are_unsupported_with_a_hint() -> Result<()> {
        let (uri, settings) = ("file:///".parse()?, Settings::default());
        let backend = FileBackend;
        for error in [
            backend.list_containers(&uri, &settings).await.map(drop).expect_err("list"),
            backend.create_container(&uri, &settings).await.expect_err("create"),
            backend.delete_container(&uri, &settings).await.expect_err("delete"),
        ] {
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.hint().is_some());
        }
        Ok(())
    }
}
