//! `Sandbox`: a folder, an S3 server and a clean environment for one test; every run is bounded in time.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rangeway_testkit::S3Server;
use tempfile::TempDir;

/// Far more than any run takes, on any machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The bucket that every server has.
pub(crate) const BUCKET: &str = "bucket";

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ended {
    /// Standard output as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("results are UTF-8")
    }

    /// The JSON objects on standard output, one per line.
    pub(crate) fn records(&self) -> Vec<serde_json::Value> {
        self.text().lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// Checks the exit code; everything that was written explains a wrong one.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", String::from_utf8_lossy(&self.stdout), self.stderr);
        self
    }

    /// Checks that standard error says something.
    #[track_caller]
    pub(crate) fn says(self, part: &str) -> Self {
        assert!(self.stderr.contains(part), "no {part:?} in: {}", self.stderr);
        self
    }
}

/// The surroundings of one test.
#[derive(Debug)]
pub(crate) struct Sandbox {
    folder: TempDir,
    server: Option<S3Server>,
    environment: Vec<(String, String)>,
}

impl Sandbox {
    /// A folder alone.
    pub(crate) fn local() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        Self { folder, server: None, environment: Vec::new() }
    }

    /// A folder and a server with a bucket.
    pub(crate) fn with_server() -> Self {
        let server = S3Server::start().expect("a server");
        server.create_bucket(BUCKET).expect("a bucket");
        Self { environment: server.environment(), server: Some(server), ..Self::local() }
    }

    /// A folder, and an environment that leads to a server of the test's own.
    pub(crate) fn with_environment(environment: Vec<(String, String)>) -> Self {
        Self { environment, ..Self::local() }
    }

    pub(crate) fn server(&self) -> &S3Server {
        self.server.as_ref().expect("made with a server")
    }

    /// The file of an object on the server.
    pub(crate) fn object(&self, key: &str) -> PathBuf {
        self.server().folder().join(BUCKET).join(key)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a file, with its folders.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        write(&self.path(name), bytes);
    }

    /// Makes an object on the server without a request.
    pub(crate) fn write_object(&self, key: &str, bytes: impl AsRef<[u8]>) {
        write(&self.object(key), bytes);
    }

    /// The content of a file, as text.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect(name)
    }

    /// The names in a folder, in order.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).expect(folder);
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("a UTF-8 name"))
            .collect();
        names.sort_unstable();
        names
    }

    /// The program in this sandbox; arguments are split at blanks.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rangeway"));
        command.args(line.split_whitespace()).current_dir(self.folder.path());
        command.env_clear().env("HOME", self.folder.path()).envs(self.environment.iter().cloned());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, line: &str) -> Ended {
        finish(start(self.command(line)))
    }

    /// Runs the program with arguments that hold blanks.
    pub(crate) fn run_args(&self, args: &[&str]) -> Ended {
        let mut command = self.command("");
        command.args(args);
        finish(start(command))
    }

    /// Runs the program with this on standard input.
    pub(crate) fn run_with_input(&self, line: &str, input: &[u8]) -> Ended {
        let mut child = start(self.command(line));
        let mut stdin = child.stdin.take().expect("it is piped");
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // The program may end before it has read all.
                let _ = stdin.write_all(input);
            });
            finish(child)
        })
    }
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("it is in a folder")).expect("its folder");
    fs::write(path, bytes).expect("a file");
}

/// Starts a command with all its streams piped.
pub(crate) fn start(mut command: Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the program starts")
}

/// Closes standard input and waits for the end, but not for ever.
pub(crate) fn finish(mut child: Child) -> Ended {
    drop(child.stdin.take());
    let (stdout, stderr) = (read_all(child.stdout.take()), read_all(child.stderr.take()));
    let deadline = Instant::now() + PATIENCE;
    let mut receive = |stream: &mpsc::Receiver<Vec<u8>>| {
        stream.recv_timeout(deadline.saturating_duration_since(Instant::now())).unwrap_or_else(|_| {
            child.kill().expect("it can be killed");
            panic!("the program did not end within {PATIENCE:?}");
        })
    };
    let (stdout, stderr) = (receive(&stdout), receive(&stderr));
    // Its streams are closed: it has ended, or is about to.
    let status = child.wait().expect("it can be waited for");
    Ended { code: status.code(), stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() }
}

fn read_all(stream: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            stream.read_to_end(&mut bytes).expect("a pipe can be read");
        }
        // Whoever waited may have given up.
        let _ = sender.send(bytes);
    });
    receiver
}

/// Waits until `condition` holds, but not for ever.
#[track_caller]
pub(crate) fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
