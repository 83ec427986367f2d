//! `Registry`: from a URI to an open store.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::backend::Registration;
use crate::settings::closest;
use crate::{Backend, Env, Error, Key, Operation, Result, Setting, Settings, Store, StoreUri};

/// The backends that can be reached, by scheme.
///
/// ```
/// # futures::executor::block_on(async {
/// use rangeway_core::{Registry, Settings, StoreExt};
///
/// let registry = Registry::linked();
/// let (store, key) = registry.open("memory://notes/today.txt", &Settings::default())?;
/// store.put_bytes(&key, "hello").await?;
/// assert_eq!(store.get_bytes(&key).await?, "hello");
/// # Ok::<(), rangeway_core::Error>(()) }).unwrap();
/// ```
#[derive(Debug, Clone, Default)]
pub struct Registry {
    by_scheme: BTreeMap<&'static str, Arc<dyn Backend>>,
    /// What the program understands beside its backends.
    of_program: &'static [Setting],
}

impl Registry {
    /// A registry without backends, to be filled by [`with`](Self::with).
    pub fn empty() -> Self {
        Self::default()
    }

    /// All backends that are linked into this program.
    pub fn linked() -> Self {
        let backends = inventory::iter::<Registration>.into_iter().map(|registration| (registration.make)());
        backends.fold(Self::empty(), Self::with)
    }

    /// Adds a backend by hand, for programs whose linker drops registrations (static libraries called from C).
    /// It takes its schemes over from any backend that had them.
    #[allow(clippy::needless_pass_by_value, reason = "the registry becomes one of its owners")]
    pub fn with(mut self, backend: Arc<dyn Backend>) -> Self {
        self.by_scheme.extend(backend.schemes().iter().map(|scheme| (*scheme, Arc::clone(&backend))));
        self
    }

    /// Adds settings that the program itself understands: flags and the environment may name them, URIs may not.
    pub fn with_settings(mut self, settings: &'static [Setting]) -> Self {
        self.of_program = settings;
        self
    }

    /// The schemes that can be opened, in order.
    pub fn schemes(&self) -> impl Iterator<Item = &'static str> {
        self.by_scheme.keys().copied()
    }

    /// The backends, each once, by name.
    pub fn backends(&self) -> Vec<Arc<dyn Backend>> {
        let by_name: BTreeMap<_, _> =
            self.by_scheme.values().map(|backend| (backend.name(), Arc::clone(backend))).collect();
        by_name.into_values().collect()
    }

    /// The backend of a scheme.
    ///
    /// # Errors
    /// `Unsupported` with the list of schemes that are linked.
    pub fn backend(&self, scheme: &str) -> Result<&Arc<dyn Backend>> {
        self.by_scheme.get(scheme).ok_or_else(|| {
            let linked: Vec<_> = self.schemes().map(|scheme| format!("{scheme}://")).collect();
            Error::unsupported(format!("no backend for {scheme}:// is linked"))
                .with_operation(Operation::Open)
                .with_hint(format!("this program can open {}", linked.join(", ")))
        })
    }

    /// Reads a URI; one that is a service's own URL becomes that of the backend which knows it.
    ///
    /// # Errors
    /// `InvalidInput` for a malformed URI.
    pub fn parse(&self, uri: &str) -> Result<StoreUri> {
        let uri: StoreUri = uri.parse()?;
        let canonical = self.by_scheme.values().find_map(|backend| backend.canonical(&uri));
        Ok(canonical.unwrap_or(uri))
    }

    /// Opens the store of a URI and gives the URI's key beside it; the key is empty for a whole container.
    ///
    /// # Errors
    /// `InvalidInput` for a malformed URI, an unknown setting or a bad value; `Unsupported` for an unknown scheme.
    pub fn open(&self, uri: &str, settings: &Settings) -> Result<(Arc<dyn Store>, Key)> {
        let uri = self.parse(uri)?;
        let store = self.open_uri(&uri, settings)?;
        Ok((store, uri.key().clone()))
    }

    /// Opens the store of a parsed URI.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_uri(&self, uri: &StoreUri, settings: &Settings) -> Result<Arc<dyn Store>> {
        let backend = self.backend(uri.scheme())?;
        self.check_names(uri, settings)?;
        backend
            .open(&uri.with_key(""), &settings.for_uri(uri))
            .map_err(|error| error.with_operation(Operation::Open).with_uri(uri))
    }

    /// Refuses settings that nothing understands: a URI's by its own backend, flags by any backend and the program.
    ///
    /// # Errors
    /// `InvalidInput` that suggests the closest name.
    pub fn check_names(&self, uri: &StoreUri, settings: &Settings) -> Result<()> {
        let own = self.backend(uri.scheme())?.settings();
        for (name, _) in uri.settings() {
            check_name(name, &own)?;
        }
        let all = self.settings();
        settings.flag_names().try_for_each(|name| check_name(name, &all))
    }

    /// Every setting of every backend and of the program, each once, by key.
    pub fn settings(&self) -> Vec<&'static Setting> {
        let by_key: BTreeMap<_, _> = self
            .by_scheme
            .values()
            .flat_map(|backend| backend.settings())
            .chain(self.of_program)
            .map(|setting| (setting.key, setting))
            .collect();
        by_key.into_values().collect()
    }

    /// Variables of `env` that start with `RANGEWAY_` and mean nothing: each with the name probably meant.
    pub fn unknown_variables(&self, env: &Env) -> Vec<(String, Option<&'static str>)> {
        let known: Vec<&'static str> =
            self.settings().iter().flat_map(|setting| setting.env).copied().collect();
        env.names_with_prefix("RANGEWAY_")
            .filter(|name| !known.contains(name))
            .map(|name| (name.to_owned(), closest(name, known.iter().copied())))
            .collect()
    }
}

fn check_name(name: &str, known: &[&'static Setting]) -> Result<()> {
    if known.iter().any(|setting| setting.is_named(name)) {
        return Ok(());
    }
    let error = Error::invalid(format!("unknown setting {name:?}")).with_operation(Operation::Configure);
    Err(match closest(name, known.iter().map(|setting| setting.key)) {
        Some(meant) => error.with_hint(format!("did you mean {meant:?}?")),
        None => error.with_hint("docs/configuration.md lists all settings"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SettingKind;

    #[test]
    fn an_unknown_scheme_lists_the_linked_ones() {
        let error = Registry::linked().open("gopher://x/y", &Settings::default()).expect_err("no gopher");
        assert_eq!(error.kind(), crate::ErrorKind::Unsupported);
        assert!(error.hint().is_some_and(|hint| hint.contains("memory://")), "{error:?}");
    }

    #[test]
    fn unknown_settings_are_refused() {
        let error =
            Registry::linked().open("memory://x/y?frobnicate=1", &Settings::default()).expect_err("unknown");
        assert_eq!(error.kind(), crate::ErrorKind::InvalidInput);
        let flags = Settings::default().set("frobnicate", "1");
        assert!(Registry::linked().open("memory://x/y", &flags).is_err());
    }

    #[test]
    fn settings_of_the_program_are_known_but_not_in_uris() -> Result<()> {
        const OWN: &[Setting] = &[Setting::new("frobnicate", SettingKind::Flag, "x").env(&["RANGEWAY_FROB"])];
        let registry = Registry::linked().with_settings(OWN);
        let flags = Settings::default().set("frobnicate", "1");
        registry.open("memory://x/y", &flags)?;
        assert!(registry.open("memory://x/y?frobnicate=1", &Settings::default()).is_err());
        let env: Env = [("RANGEWAY_FROB", "1"), ("RANGEWAY_FROM", "1")].into_iter().collect();
        assert_eq!(registry.unknown_variables(&env), [("RANGEWAY_FROM".to_owned(), Some("RANGEWAY_FROB"))]);
        Ok(())
    }

    #[test]
    fn backends_can_be_added_by_hand() -> Result<()> {
        let registry = Registry::empty().with(Arc::new(crate::MemoryBackend::default()));
        assert_eq!(registry.schemes().collect::<Vec<_>>(), ["memory"]);
        registry.open("memory://x/y", &Settings::default())?;
        Ok(())
    }

    #[test]
    fn unknown_variables_are_found() {
        let env: Env = [("RANGEWAY_NO_SUCH", "1"), ("HOME", "/x")].into_iter().collect();
        let unknown = Registry::linked().unknown_variables(&env);
        assert_eq!(unknown.len(), 1);
        assert_eq!(unknown[0].0, "RANGEWAY_NO_SUCH");
    }
}
