//! What all commands share: the registry, the settings, the output, and the stores opened so far.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures::future::join_all;
use rangeway::{Env, Error, Registry, Result, Settings, Store, StoreUri, file};
use tokio::sync::Semaphore;

use crate::args::Global;
use crate::identity::Identity;
use crate::output::Output;
use crate::scratch::Scratch;
use crate::settings::SETTINGS;
use crate::work::Work;

/// The most jobs that are ever under way at one time.
const MOST_JOBS: u32 = 1024;

/// A store, and the place for which it serves whoever asks; `None` where it is one user's own.
type Opened = (Option<StoreUri>, Arc<dyn Store>);

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
    /// Whether what stores did is told at the end.
    shows_work: bool,
    started: Instant,
    /// One permit for each job under way.
    jobs: Arc<Semaphore>,
    stores: Mutex<Vec<Opened>>,
    /// What is removed at the end.
    scratch: Mutex<Option<Arc<Scratch>>>,
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
            shows_work: global.verbose > 0,
            started: Instant::now(),
            output,
            jobs: Arc::new(Semaphore::new(MOST_JOBS as usize)),
            stores: Mutex::default(),
            scratch: Mutex::default(),
        })
    }

    /// The store of a place; all places in one container with the same settings share one.
    pub(crate) fn store(&self, place: &StoreUri) -> Result<Arc<dyn Store>> {
        let container = place.with_key("");
        let mut stores = self.stores();
        if let Some((_, store)) = stores.iter().find(|(uri, _)| uri.as_ref() == Some(&container)) {
            return Ok(Arc::clone(store));
        }
        let store = self.registry.open_uri(&container, &self.settings)?;
        stores.push((Some(container), Arc::clone(&store)));
        Ok(store)
    }

    /// What a place is, to be compared with others.
    pub(crate) fn identity(&self, place: &StoreUri) -> Result<Identity> {
        Identity::of(place, &self.registry, &self.settings)
    }

    /// Another store of a place, with `settings` and counters of its own.
    pub(crate) fn another_store(&self, place: &StoreUri, settings: &Settings) -> Result<Arc<dyn Store>> {
        let store = self.registry.open_uri(&place.with_key(""), settings)?;
        self.stores().push((None, Arc::clone(&store)));
        Ok(store)
    }

    /// A store of one local folder, which is made if need be. Nothing leads out of it: neither a key nor a symbolic
    /// link.
    pub(crate) fn folder_store(&self, place: &StoreUri, folder: &Path) -> Result<Arc<dyn Store>> {
        let made = std::fs::create_dir_all(folder);
        made.map_err(|error| Error::io("cannot make the folder", error).with_uri(place))?;
        let store = file::open_as(place.scheme(), folder, &self.settings)?;
        self.stores().push((None, Arc::clone(&store)));
        Ok(store)
    }

    fn stores(&self) -> MutexGuard<'_, Vec<Opened>> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells what each store did, to whoever wants to know.
    pub(crate) fn show_work(&self) {
        if !self.shows_work {
            return;
        }
        let elapsed = self.started.elapsed();
        for (_, store) in &*self.stores() {
            let work = Work::from(store.stats());
            if !work.is_nothing() {
                self.output.work(store.uri(), work, elapsed);
            }
        }
    }

    /// How many entries the listings of this command have left out.
    pub(crate) fn left_out(&self) -> u64 {
        self.stores().iter().map(|(_, store)| store.stats().left_out).sum()
    }

    /// The permits that jobs hold; see [`jobs::run`](crate::jobs::run).
    pub(crate) fn jobs(&self) -> &Arc<Semaphore> {
        &self.jobs
    }

    /// A prefix of its own below `place`; what is written there is removed when the command ends, however it ends,
    /// unless it is to be kept.
    pub(crate) fn scratch(&self, place: &StoreUri, keep: bool) -> Result<Arc<Scratch>> {
        let scratch = Arc::new(Scratch::new(place, self.store(place)?));
        if !keep {
            *self.scratch.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&scratch));
        }
        Ok(scratch)
    }

    /// Removes what is to be removed at the end, once nothing can be written to it any more.
    pub(crate) async fn remove_scratch(&self) -> Result<()> {
        self.settle().await;
        let scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(scratch) = scratch else { return Ok(()) };
        let removed = scratch.remove().await;
        // Not before: whoever is interrupted here begins anew.
        self.scratch.lock().unwrap_or_else(PoisonError::into_inner).take();
        removed
    }

    /// Waits until all jobs have ended, and leaves nothing behind them.
    pub(crate) async fn drain(&self) {
        if let Err(error) = self.remove_scratch().await {
            self.output.error(&error);
        }
    }

    /// Waits until all jobs have ended and their stores have cleaned up behind them.
    async fn settle(&self) {
        // Never closed, so this waits for every permit to come back.
        let _all = self.jobs.acquire_many(MOST_JOBS).await;
        let stores: Vec<_> = self.stores().iter().map(|(_, store)| Arc::clone(store)).collect();
        join_all(stores.iter().map(Store::drain)).await;
    }
}
