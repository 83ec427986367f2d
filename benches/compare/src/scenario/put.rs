//! One large object from memory.

use std::future::Future;

use ::object_store::path::Path;
use anyhow::Result;
use bytes::Bytes;
use rangeway::Key;
use rangeway_testkit::Pattern;
use tokio::task::spawn_blocking;

use super::{Clients, Setup};
use crate::client::limit::Limit;
use crate::client::object_store::Payload;
use crate::client::{Client, InProcess, object_store, opendal, ours, transfer_manager};

pub(super) const CLIENTS: Clients = &[
    ("bare send", |setup| {
        let (limit, key) = (Limit::new(&setup.access)?, setup.options.key());
        setup.upload(move |bytes| {
            let (limit, key) = (limit.clone(), key.clone());
            async move { spawn_blocking(move || limit.put(&key, &bytes)).await? }
        })
    }),
    ("rangeway", |setup| {
        let (store, key) = (ours::open(&setup.access, &[])?, Key::from(setup.options.key()));
        setup.upload(move |bytes| ours::put(store.clone(), key.clone(), bytes))
    }),
    ("object_store, BufWriter", |setup| {
        let (store, path) =
            (object_store::open(&setup.access, Payload::Signed)?, Path::from(setup.options.key()));
        setup.upload(move |bytes| object_store::put_plain(store.clone(), path.clone(), bytes))
    }),
    ("object_store, BufWriter without hash or copy", |setup| {
        let (store, path) =
            (object_store::open(&setup.access, Payload::Unsigned)?, Path::from(setup.options.key()));
        let in_flight = setup.in_flight(object_store::IN_FLIGHT);
        setup.upload(move |bytes| object_store::put(store.clone(), path.clone(), bytes, in_flight))
    }),
    ("OpenDAL, writer", |setup| {
        let (operator, key) = (opendal::open(&setup.access)?, setup.options.key());
        let in_flight = setup.in_flight(opendal::IN_FLIGHT);
        setup.upload(move |bytes| opendal::put(operator.clone(), key.clone(), bytes, in_flight))
    }),
    ("AWS transfer manager, upload", |setup| {
        let (client, key) = (setup.transfer_manager(), setup.options.key());
        setup.upload(move |bytes| transfer_manager::put(client.clone(), key.clone(), bytes))
    }),
];

impl Setup<'_> {
    /// A client that takes the object from memory.
    fn upload<F: Future<Output = Result<()>> + Send + 'static>(
        &self,
        run: impl Fn(Bytes) -> F + 'static,
    ) -> Result<Box<dyn Client>> {
        let bytes = Pattern::new().bytes(0, self.options.bytes());
        Ok(Box::new(InProcess::new(Self::runtime(), move || run(bytes.clone()), Ok)))
    }

    pub(super) fn transfer_manager(&self) -> aws_sdk_s3_transfer_manager::Client {
        transfer_manager::open(&self.access, self.options.in_flight)
    }
}
