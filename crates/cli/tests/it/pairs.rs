//! Copies between every two kinds of places. What arrives is compared byte by byte, which says more than equal checksums.

use std::fs;
use std::time::Duration;

use bytes::Bytes;
use rangeway_testkit::{FaultServer, Seeded};

use crate::support::{BUCKET, Sandbox, finish, start};

const SIZE: usize = 256 << 20;

/// What the program may hold, in bytes. Half of an object, and the program itself.
const MEMORY: u64 = 192 << 20;

/// The places, each at the beginning of its URIs.
const PLACES: [&str; 5] = ["s3://bucket/", "az://bucket/", "gs://bucket/", "file://", "direct://"];

struct Places {
    sandbox: Sandbox,
    servers: [FaultServer; 3],
}

impl Places {
    fn new() -> Self {
        let servers =
            [FaultServer::start(BUCKET), FaultServer::start_azure(BUCKET), FaultServer::start_gcs(BUCKET)];
        let servers = servers.map(|server| server.expect("a free port"));
        let environment = servers.iter().flat_map(FaultServer::environment).collect();
        Self { sandbox: Sandbox::with_environment(environment), servers }
    }

    fn uri(&self, place: usize, name: &str) -> String {
        match self.servers.get(place) {
            Some(_) => format!("{}{name}", PLACES[place]),
            None => format!("{}{}", PLACES[place], self.sandbox.path(name).display()),
        }
    }

    fn put(&self, place: usize, name: &str, bytes: &Bytes) {
        match self.servers.get(place) {
            Some(server) => server.put_object(name, bytes.clone()),
            None => self.sandbox.write(name, bytes),
        }
    }

    /// What is there, which is gone afterwards.
    fn take(&self, place: usize, name: &str) -> Bytes {
        if let Some(server) = self.servers.get(place) {
            let bytes = server.object(name).expect("an object");
            server.put_object(name, Bytes::new());
            return bytes;
        }
        let path = self.sandbox.path(name);
        let bytes = fs::read(&path).expect("a file");
        fs::remove_file(path).expect("removed");
        bytes.into()
    }

    /// Copies, and says the most memory that the program held, in bytes.
    fn copy(&self, from: &str, to: &str) -> u64 {
        let child = start(self.sandbox.command(&format!("cp -o memory-limit=32MiB {from} {to}")));
        let status = format!("/proc/{}/status", child.id());
        let watch = std::thread::spawn(move || {
            let mut most = 0;
            // Without a status there is no program any more, and an ended one holds no memory.
            while let Some(held) = fs::read_to_string(&status).ok().as_deref().and_then(peak) {
                most = held;
                std::thread::sleep(Duration::from_millis(5));
            }
            most
        });
        finish(child).exits(0);
        watch.join().expect("it only looks")
    }
}

/// The most memory that a process has held, from its status in `/proc`.
fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib << 10)
}

#[test]
fn every_place_to_every_place() {
    let places = Places::new();
    let mut bytes = vec![0; SIZE];
    Seeded::new(77).fill(0, &mut bytes);
    let bytes = Bytes::from(bytes);
    for (from, of) in PLACES.iter().enumerate() {
        places.put(from, "from", &bytes);
        for (to, into) in PLACES.iter().enumerate() {
            let held = places.copy(&places.uri(from, "from"), &places.uri(to, "to"));
            assert!(places.take(to, "to") == bytes, "wrong bytes: {of} to {into}");
            let is_bounded = !cfg!(target_os = "linux") || (1..MEMORY).contains(&held);
            assert!(is_bounded, "{held} bytes of memory: {of} to {into}");
        }
        places.take(from, "from");
    }
}
