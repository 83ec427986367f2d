//! What all commands share: the registry, the settings, the output, and the stores opened so far.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::join_all;
use rangeway::file::FileStore;
use rangeway::{Env, Error, Policy, Ranged, Registry, Result, Settings, Store, StoreUri};
use tokio::sync::Semaphore;

use crate::args::Global;
use crate::output::Output;
use crate::settings::SETTINGS;

/// The most jobs that are ever under way at one time.
const MOST_JOBS: u32 = 1024;

/// The resolved command line, beside the command itself.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) registry: Registry,
    pub(crate) settings: Settings,
    /// The settings given by `-o`; they are among `settings` too.
    #[cfg(feature = "demo")]
    pub(crate) options: Vec<(String, String)>,
    pub(crate) output: Arc<Output>,
    /// Whether a progress bar is wanted where there is room for one.
    pub(crate) shows_progress: bool,
    /// One permit for each job under way.
    jobs: Arc<Semaphore>,
    stores: Mutex<Vec<(StoreUri, Arc<dyn Store>)>>,
}

impl Context {
    /// Resolves what every command takes.
    ///
    /// # Errors
    /// `InvalidInput` for an option that neither a backend nor the program knows.
    pub(crate) fn new(global: &Global, env: Env, output: Arc<Output>) -> Result<Self> {
        let registry = Registry::linked().with_settings(SETTINGS);
        for (name, meant) in registry.unknown_variables(&env) {
            let meant = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
            output.warn(&format!("the environment variable {name} means nothing{meant}"));
        }
        let settings = global
            .options
            .iter()
            .fold(Settings::new(env), |settings, (name, value)| settings.set(name, value));
        // The one backend that is always linked: options are checked against all of them.
        registry.check_names(&StoreUri::new("memory", "", ""), &settings)?;
        Ok(Self {
            registry,
            settings,
            #[cfg(feature = "demo")]
            options: global.options.clone(),
            shows_progress: output.has_room_for_progress() && !global.no_progress && global.verbose == 0,
            output,
            jobs: Arc::new(Semaphore::new(MOST_JOBS as usize)),
            stores: Mutex::default(),
        })
    }

    /// The store of a place; all places in one container with the same settings share one.
    pub(crate) fn store(&self, place: &StoreUri) -> Result<Arc<dyn Store>> {
        let container = place.with_key("");
        let mut stores = self.stores();
        if let Some((_, store)) = stores.iter().find(|(uri, _)| *uri == container) {
            return Ok(Arc::clone(store));
        }
        let store = self.registry.open_uri(&container, &self.settings)?;
        stores.push((container, Arc::clone(&store)));
        Ok(store)
    }

    /// A store of one local folder, which is made if need be. Nothing leads out of it: neither a key nor a symbolic
    /// link.
    pub(crate) fn folder_store(&self, place: &StoreUri, folder: &Path) -> Result<Arc<dyn Store>> {
        let open = |root: &Path| {
            let sync = self.registry.backend(place.scheme())?.settings();
            let sync = sync.into_iter().find(|setting| setting.is_named("sync"));
            let sync = sync.map(|setting| self.settings.flag(setting)).transpose()?.flatten();
            let policy = Policy::local().from_settings(&self.settings)?;
            Ranged::new(FileStore::new(root)?.sync(sync.unwrap_or_default()), policy)
        };
        let made = std::fs::create_dir_all(folder);
        made.map_err(|error| Error::io("cannot make the folder", error).with_uri(place))?;
        let store: Arc<dyn Store> = Arc::new(open(folder)?);
        self.stores().push((store.uri().clone(), Arc::clone(&store)));
        Ok(store)
    }

    fn stores(&self) -> MutexGuard<'_, Vec<(StoreUri, Arc<dyn Store>)>> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many entries the listings of this command have left out.
    pub(crate) fn left_out(&self) -> u64 {
        self.stores().iter().map(|(_, store)| store.stats().left_out).sum()
    }

    /// The permits that jobs hold; see [`jobs::run`](crate::jobs::run).
    pub(crate) fn jobs(&self) -> &Arc<Semaphore> {
        &self.jobs
    }

    /// Waits until all jobs have ended and their stores have cleaned up behind them.
    pub(crate) async fn drain(&self) {
        // Never closed, so this waits for every permit to come back.
        let _all = self.jobs.acquire_many(MOST_JOBS).await;
        let stores: Vec<_> = self.stores().iter().map(|(_, store)| Arc::clone(store)).collect();
        join_all(stores.iter().map(Store::drain)).await;
    }
}
