//! One running peer: a process on a free port, ready when it answers, and gone when this process is.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::{Peer, filled};

/// How long a peer may take until it answers. A Python server starts in 2 s on an idle machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// How long to wait for one answer, and between two questions.
const ANSWER: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(100);

/// How many ports are tried: between finding a free one and the peer's start, somebody else may take it.
const ATTEMPTS: u32 = 3;

/// How much of a peer's output is shown when it does not start, in lines.
const SHOWN: usize = 10;

/// Runs the command that follows it, until that ends or standard input does: then the whole process group is killed.
///
/// The other end of standard input is ours alone. The system closes it when we end, in whichever way.
const GUARD: &str = r#"
exec 3<&0
"$@" </dev/null 3<&- &
peer=$!
{ read -r line <&3; kill -KILL 0; } &
guard=$!
wait "$peer"
status=$?
kill "$guard"
exit "$status"
"#;

/// A command under guard, in a process group of its own. It is killed, with all that it started, when this is dropped.
#[derive(Debug)]
struct Guarded(Child);

impl Guarded {
    fn spawn(words: &[String], log: File) -> Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", GUARD, "guard"]).args(words);
        command.stdin(Stdio::piped()).stdout(log.try_clone().context("sharing the log")?).stderr(log);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().map(Self).context("`sh` does not start")
    }

    /// How the command ended, if it has.
    fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.0.try_wait().context("asking for the state of a process")
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // It ends by the guard's signal, which cannot be refused.
        let _ = self.0.wait();
    }
}

/// A peer that answers, until this is dropped.
#[derive(Debug)]
pub(super) struct Process {
    address: SocketAddr,
    _guarded: Guarded,
}

impl Process {
    /// Starts `peer`, which is installed below `folder`, and waits until it answers.
    pub(super) fn start(peer: &Peer, folder: &Path) -> Result<Self> {
        let log = folder.join(format!("{}.log", peer.name));
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let address = free_address()?;
            let words = filled(peer.run, &folder.join(peer.name), peer.version, address.port());
            let file = File::create(&log).with_context(|| format!("creating {}", log.display()))?;
            let mut guarded = Guarded::spawn(&words, file)?;
            match wait_until_ready(&mut guarded, address, peer.ready)? {
                None => return Ok(Self { address, _guarded: guarded }),
                Some(status) => last = Some(status),
            }
        }
        let output = fs::read(&log).unwrap_or_default();
        let status = last.map(|status| status.to_string()).unwrap_or_default();
        bail!("{status}; the end of {}:\n{}", log.display(), end(&String::from_utf8_lossy(&output)))
    }

    /// Where the peer listens.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// A port of the loopback device that nobody has just now.
fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1")?;
    listener.local_addr().context("asking for the address of a socket")
}

/// Waits until the peer answers; gives how it ended, if it did so before.
fn wait_until_ready(
    guarded: &mut Guarded,
    address: SocketAddr,
    (path, expected): (&str, &str),
) -> Result<Option<ExitStatus>> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(status) = guarded.ended()? {
            return Ok(Some(status));
        }
        if head(address, path).is_ok_and(|head| head.contains(expected)) {
            return Ok(None);
        }
        sleep(PAUSE);
    }
    bail!("http://{address}{path} gives no answer with {expected:?} in {} s", PATIENCE.as_secs())
}

/// The first bytes of the answer to a GET.
fn head(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut socket = TcpStream::connect_timeout(&address, ANSWER)?;
    socket.set_read_timeout(Some(ANSWER))?;
    socket.set_write_timeout(Some(ANSWER))?;
    write!(socket, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut head = [0; 1024];
    let length = socket.read(&mut head)?;
    Ok(String::from_utf8_lossy(&head[..length]).into_owned())
}

/// The last lines of a text.
fn end(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(SHOWN)..].join("\n")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().copied().map(str::to_owned).collect()
    }

    fn log(name: &str) -> Result<(std::path::PathBuf, File)> {
        let path = std::env::temp_dir().join(format!("rangeway-xtask-{name}-{}", std::process::id()));
        Ok((path.clone(), File::create(path)?))
    }

    #[test]
    fn what_a_command_started_ends_with_it() -> Result<()> {
        let (path, file) = log("guard")?;
        // A child of the command says which process it is, and stays.
        let script = "sh -c 'echo $$; sleep 1000; true' & wait";
        let guarded = Guarded::spawn(&words(&["sh", "-c", script]), file)?;
        let start = Instant::now();
        while fs::read(&path)?.is_empty() && start.elapsed() < PATIENCE {
            sleep(PAUSE);
        }
        let process = fs::read_to_string(&path)?.trim().to_owned();
        let lives = || Command::new("kill").args(["-0", &process]).stderr(Stdio::null()).status();
        assert!(lives()?.success(), "{process}");
        drop(guarded);
        // Its parent is gone too, so whoever inherits it may need a moment to notice.
        let start = Instant::now();
        while lives()?.success() {
            assert!(start.elapsed() < PATIENCE, "{process} still lives");
            sleep(PAUSE);
        }
        fs::remove_file(path)?;
        Ok(())
    }

    #[test]
    fn a_command_that_ends_by_itself_tells_how() -> Result<()> {
        let (path, file) = log("end")?;
        let mut guarded = Guarded::spawn(&words(&["sh", "-c", "exit 7"]), file)?;
        let ready = wait_until_ready(&mut guarded, free_address()?, ("/", "200"))?;
        assert_eq!(ready.and_then(|status| status.code()), Some(7));
        fs::remove_file(path)?;
        Ok(())
    }

    #[test]
    fn the_end_of_a_log_is_its_last_lines() {
        assert_eq!(end("a\nb\n"), "a\nb");
        assert_eq!(end(&"old\n".repeat(50)).lines().count(), SHOWN);
        assert!(end(&("old\n".repeat(50) + "new\n")).ends_with("old\nnew"));
    }
}
