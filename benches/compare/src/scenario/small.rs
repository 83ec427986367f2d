//! Many small objects, each with a request of its own.

use std::future::Future;

use ::object_store::ObjectStoreExt;
use ::object_store::path::Path;
use anyhow::Result;
use bytes::Bytes;
use rangeway::{Key, StoreExt};

use super::{Clients, Setup, Workload};
use crate::client::bare::Bare;
use crate::client::many::{Many, Objects};
use crate::client::object_store::Payload;
use crate::client::{Client, object_store, opendal, ours};

/// Objects at one time, as many for every client.
const IN_FLIGHT: usize = 32;

/// Objects of 64 KiB.
pub(super) const SMALL: Clients = &[
    ("bare tokio, no signature", |setup| setup.bare(Workload::Small)),
    ("rangeway", |setup| setup.ours(Workload::Small)),
    ("object_store", |setup| setup.object_store(Workload::Small)),
    ("OpenDAL", |setup| setup.opendal(Workload::Small)),
];

/// Objects of 1 KiB.
pub(super) const TINY: Clients = &[
    ("bare tokio, no signature", |setup| setup.bare(Workload::Tiny)),
    ("rangeway", |setup| setup.ours(Workload::Tiny)),
    ("object_store", |setup| setup.object_store(Workload::Tiny)),
    ("OpenDAL", |setup| setup.opendal(Workload::Tiny)),
];

impl Setup<'_> {
    /// A client that reads the object of a name.
    fn many<F: Future<Output = Result<Bytes>> + Send + 'static>(
        &self,
        workload: Workload,
        fetch: impl Fn(String) -> F + Send + Sync + 'static,
    ) -> Result<Box<dyn Client>> {
        let count = self.options.objects;
        let size = workload.moved(self.options).bytes / count;
        let objects = Objects { count, size, in_flight: self.in_flight(IN_FLIGHT) };
        let fetch = move |number| fetch(format!("{size}/{number:05}"));
        Ok(Box::new(Many::new(Self::runtime(), objects, fetch)))
    }

    fn bare(&self, workload: Workload) -> Result<Box<dyn Client>> {
        let bare = Bare::new(&self.access);
        self.many(workload, move |name| bare.clone().get(name))
    }

    fn ours(&self, workload: Workload) -> Result<Box<dyn Client>> {
        let store = ours::open(&self.access, &[])?;
        self.many(workload, move |name| {
            let store = store.clone();
            async move { Ok(store.get_bytes(&Key::from(name)).await?) }
        })
    }

    fn object_store(&self, workload: Workload) -> Result<Box<dyn Client>> {
        let store = object_store::open(&self.access, Payload::Unsigned)?;
        self.many(workload, move |name| {
            let store = store.clone();
            async move { Ok(store.get(&Path::from(name)).await?.bytes().await?) }
        })
    }

    fn opendal(&self, workload: Workload) -> Result<Box<dyn Client>> {
        let operator = opendal::open(&self.access)?;
        self.many(workload, move |name| {
            let operator = operator.clone();
            async move { Ok(operator.read(&name).await?.to_bytes()) }
        })
    }
}
