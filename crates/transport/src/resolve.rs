//! `Resolver`: names to addresses, looked up once for many connections, which take the addresses in turn.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use tokio::time::Instant;

use addresses::Addresses;

mod addresses;
pub(crate) mod attempt;
#[cfg(test)]
mod tests;

/// How long addresses are used. The system tells no lifetime; the large services hand out records of 5 to 60 seconds,
/// and an address that went away earlier is noticed by the connection that fails.
const LIFETIME: Duration = Duration::from_mins(1);

/// How many names are remembered: a store speaks to one host, and to a few for its credentials.
const NAMES: usize = 64;

/// Asks for the addresses of a name.
pub(crate) trait Lookup: Send + Sync + 'static {
    fn addresses(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The system's way to find addresses.
#[derive(Debug)]
pub(crate) struct System;

impl Lookup for System {
    fn addresses(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let name = name.to_owned();
        let found =
            async move { Ok(tokio::net::lookup_host((name, 0)).await?.map(|found| found.ip()).collect()) };
        found.boxed()
    }
}

/// The addresses of names. Cloning is cheap and shares what is known.
#[derive(Clone)]
pub(crate) struct Resolver(Arc<Inner>);

struct Inner {
    lookup: Box<dyn Lookup>,
    names: Mutex<HashMap<String, Known>>,
}

/// A lookup that any number of connections wait for.
type UnderWay = Shared<BoxFuture<'static, Result<Vec<IpAddr>, Arc<io::Error>>>>;

struct Known {
    since: Instant,
    what: What,
}

enum What {
    UnderWay(UnderWay),
    Found(Addresses),
}

impl Resolver {
    pub(crate) fn new(lookup: impl Lookup) -> Self {
        Self(Arc::new(Inner { lookup: Box::new(lookup), names: Mutex::default() }))
    }

    /// The addresses of `name`, those first that this connection is to try first.
    ///
    /// # Errors
    /// Those of the lookup, which is made again by the next call.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let under_way = match self.begin(name) {
            Ok(addresses) => return Ok(addresses),
            Err(under_way) => under_way,
        };
        let found = under_way.clone().await;
        let mut names = self.names();
        // The first of those who waited keeps what was found.
        if let Some(Known { what: What::UnderWay(known), .. }) = names.get(name)
            && known.ptr_eq(&under_way)
        {
            names.remove(name);
            if let Ok(found) = &found {
                let what = What::Found(Addresses::new(found.clone()));
                names.insert(name.to_owned(), Known { since: Instant::now(), what });
            }
        }
        match names.get_mut(name) {
            Some(Known { what: What::Found(addresses), .. }) if found.is_ok() => {
                Ok(addresses.next(Instant::now()))
            }
            _ => found.map_err(|error| io::Error::new(error.kind(), error)),
        }
    }

    /// The addresses, or the lookup to wait for.
    fn begin(&self, name: &str) -> Result<Vec<IpAddr>, UnderWay> {
        let now = Instant::now();
        let mut names = self.names();
        names.retain(|_, known| now.duration_since(known.since) < LIFETIME);
        match names.get_mut(name).map(|known| &mut known.what) {
            Some(What::UnderWay(under_way)) => return Err(under_way.clone()),
            Some(What::Found(addresses)) => return Ok(addresses.next(now)),
            None => {}
        }
        if names.len() >= NAMES {
            names.clear();
        }
        let under_way = self.0.lookup.addresses(name).map(|found| found.map_err(Arc::new)).boxed().shared();
        names.insert(name.to_owned(), Known { since: now, what: What::UnderWay(under_way.clone()) });
        Err(under_way)
    }

    /// Learns from a connection to `name` that was to try these addresses in this order, and reached one or none.
    fn learn(&self, name: &str, tried: &[IpAddr], reached: Option<IpAddr>) {
        let mut names = self.names();
        let Some(Known { what: What::Found(addresses), .. }) = names.get_mut(name) else { return };
        let failed = tried.iter().take_while(|address| Some(**address) != reached);
        failed.for_each(|address| addresses.avoid(*address, Instant::now()));
        // Whoever answers for that name may have moved.
        if reached.is_none() {
            names.remove(name);
        }
    }

    fn names(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.0.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}
