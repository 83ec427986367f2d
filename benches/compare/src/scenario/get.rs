//! One large object to memory.

use anyhow::Result;
use object_store::path::Path;
use rangeway::Key;
use rangeway_benches::Sample;
use rangeway_testkit::Pattern;
use tokio::runtime::Runtime;

use super::{Options, verify};
use crate::access::Access;
use crate::client::limit::{Limit, Target};
use crate::client::memory::{Pages, Warm};
use crate::client::python::Python;
use crate::client::{Chunks, Client, InProcess, object_store, opendal, ours, transfer_manager};
use crate::round::{self, Work};
use crate::server::{Scheme, Server};

/// Everything that the clients of a scenario have in common.
struct Field<'a> {
    options: &'a Options,
    runtime: &'a Runtime,
    pattern: &'a Pattern,
    access: Access,
    clients: Vec<Box<dyn Client + 'a>>,
}

impl<'a> Field<'a> {
    fn add<F: Future<Output = Result<Chunks>> + Send + 'static>(
        &mut self,
        name: &str,
        run: impl Fn() -> F + 'a,
    ) {
        if self.options.is_wanted(name) {
            let (pattern, size) = (self.pattern, self.options.bytes());
            let check = move |chunks: Chunks| verify(pattern, size, &chunks);
            self.clients.push(Box::new(InProcess::new(name, self.runtime, run, check)));
        }
    }

    fn add_limit(&mut self) -> Result<()> {
        let limit = Limit::new(&self.access)?;
        let (key, size) = (self.options.key(), self.options.bytes());
        for (name, target) in [
            ("bare recv, warm memory", Target::Warm(Warm::new())),
            ("bare recv, fresh huge pages", Target::Fresh(Pages::Huge)),
            ("bare recv, fresh 4 KiB pages", Target::Fresh(Pages::Small)),
        ] {
            let (limit, key) = (limit.clone(), key.clone());
            self.add(name, move || {
                let (limit, key, target) = (limit.clone(), key.clone(), target.clone());
                // It has threads of its own, so that it only blocks a thread of the runtime's pool.
                async move { tokio::task::spawn_blocking(move || limit.get(&key, size, &target)).await? }
            });
        }
        Ok(())
    }

    fn add_ours(&mut self) -> Result<()> {
        let key = Key::from(self.options.key().as_str());
        let store = ours::open(&self.access, &[])?;
        let (all, into, chunks) = (store.clone(), store.clone(), store);
        let (key_of_all, key_of_into) = (key.clone(), key.clone());
        self.add("rangeway", move || ours::get(all.clone(), key_of_all.clone()));
        let warm = Warm::new();
        self.add("rangeway, caller's buffer", move || {
            ours::get_into(into.clone(), key_of_into.clone(), warm.clone())
        });
        self.add("rangeway, loose chunks", move || ours::get_chunks(chunks.clone(), key.clone()));
        Ok(())
    }

    fn add_object_store(&mut self) -> Result<()> {
        let (path, size) = (Path::from(self.options.key()), self.options.bytes());
        let in_flight = self.options.in_flight.unwrap_or(object_store::IN_FLIGHT);
        let store = object_store::open(&self.access)?;
        let (plain, loose, one) = (store.clone(), store.clone(), store);
        let (path_of_plain, path_of_loose) = (path.clone(), path.clone());
        self.add("object_store, get", move || object_store::get(plain.clone(), path_of_plain.clone()));
        self.add("object_store, get_range in parallel, loose", move || {
            object_store::get_parallel(loose.clone(), path_of_loose.clone(), size, in_flight)
        });
        self.add("object_store, get_range in parallel, one buffer", move || {
            object_store::get_parallel_buffer(one.clone(), path.clone(), size, in_flight)
        });
        Ok(())
    }

    fn add_opendal(&mut self) -> Result<()> {
        let (key, size) = (self.options.key(), self.options.bytes());
        let in_flight = self.options.in_flight.unwrap_or(opendal::IN_FLIGHT);
        let operator = opendal::open(&self.access)?;
        let (loose, one, key_of_loose) = (operator.clone(), operator, key.clone());
        self.add("OpenDAL, loose", move || {
            opendal::get_chunks(loose.clone(), key_of_loose.clone(), in_flight)
        });
        self.add("OpenDAL, one buffer", move || {
            opendal::get_buffer(one.clone(), key.clone(), size, in_flight)
        });
        Ok(())
    }

    fn add_transfer_manager(&mut self) {
        let (key, size) = (self.options.key(), self.options.bytes());
        let client = transfer_manager::open(&self.access, self.options.in_flight);
        let (loose, one, key_of_loose) = (client.clone(), client, key.clone());
        self.add("AWS transfer manager, loose", move || {
            transfer_manager::get_chunks(loose.clone(), key_of_loose.clone())
        });
        self.add("AWS transfer manager, one buffer", move || {
            transfer_manager::get_buffer(one.clone(), key.clone(), size)
        });
    }

    fn add_python(&mut self) -> Result<()> {
        let key = self.options.key();
        let object = (key.as_str(), self.options.bytes());
        for (name, kind) in
            [("s3dlio", "s3dlio"), ("obstore, get", "obstore"), ("obstore, get_ranges", "obstore-ranges")]
        {
            if self.options.is_wanted(name) {
                let rivals = self.options.rivals();
                let worker = Python::start(name, kind, rivals, &self.access, object, self.pattern)?;
                self.clients.push(Box::new(worker));
            }
        }
        Ok(())
    }

    fn run(self, scenario: &str, server: &mut Server) -> Result<Vec<Sample>> {
        let work = Work { bytes: self.options.bytes() as u64, objects: 1 };
        round::run(scenario, &self.clients, work, server, self.options.iterations)
    }
}

pub(super) fn http(options: &Options) -> Result<Vec<Sample>> {
    let mut server = Server::start(Scheme::Http, &[])?;
    let (runtime, pattern) = (options.runtime()?, Pattern::new());
    let access = server.access().clone();
    let mut field = Field { options, runtime: &runtime, pattern: &pattern, access, clients: Vec::new() };
    let _guard = runtime.enter();
    field.add_limit()?;
    field.add_ours()?;
    field.add_object_store()?;
    field.add_opendal()?;
    field.add_transfer_manager();
    field.add_python()?;
    field.run("get over http", &mut server)
}

pub(super) fn https(options: &Options) -> Result<Vec<Sample>> {
    let mut server = Server::start(Scheme::Https, &[])?;
    let (runtime, pattern) = (options.runtime()?, Pattern::new());
    let access = server.access().clone();
    let mut field = Field { options, runtime: &runtime, pattern: &pattern, access, clients: Vec::new() };
    let _guard = runtime.enter();
    field.add_limit()?;
    field.add_ours()?;
    field.add_object_store()?;
    field.add_opendal()?;
    field.run("get over https", &mut server)
}
