//! `credential_process`: a program of the user's that prints credentials.
//!
//! Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>.

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use serde::Deserialize;
use tokio::process::Command;
use tokio::sync::Mutex;

/// Credentials that end within this time are renewed.
const MARGIN: Duration = Duration::from_mins(5);

/// No program is waited for longer.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Runs the program when credentials are needed, and keeps what it printed until shortly before that ends.
#[derive(Debug)]
pub(crate) struct Provider {
    command: String,
    kept: Mutex<Option<Kept>>,
}

#[derive(Debug, Clone)]
struct Kept {
    credential: Arc<AwsCredential>,
    until: Option<SystemTime>,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the credential_process could not be started")]
    Start(#[source] std::io::Error),
    #[error("the credential_process took longer than {TIMEOUT:?}")]
    Slow,
    #[error("the credential_process failed: {0}")]
    Failed(String),
    #[error("the credential_process has an open quote")]
    Quote,
    #[error("the credential_process printed something else than credentials")]
    Output(#[source] Box<dyn std::error::Error + Send + Sync>),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    version: u32,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expiration: Option<String>,
}

impl Provider {
    pub(crate) fn new(command: String) -> Self {
        Self { command, kept: Mutex::default() }
    }

    async fn run(&self) -> Result<Kept, Failure> {
        let words = split(&self.command).ok_or(Failure::Quote)?;
        let (program, arguments) =
            words.split_first().ok_or_else(|| Failure::Failed("it names no program".to_owned()))?;
        let run = Command::new(program).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
        let output =
            tokio::time::timeout(TIMEOUT, run).await.map_err(|_| Failure::Slow)?.map_err(Failure::Start)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.trim().lines().last().unwrap_or_default();
            return Err(Failure::Failed(format!("{}: {last}", output.status)));
        }
        parse(&output.stdout)
    }
}

#[async_trait]
impl CredentialProvider for Provider {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut kept = self.kept.lock().await;
        let soon = SystemTime::now() + MARGIN;
        if let Some(kept) = &*kept
            && kept.until.is_none_or(|until| until > soon)
        {
            return Ok(Arc::clone(&kept.credential));
        }
        let new = self.run().await.map_err(|source| object_store::Error::Generic {
            store: "credential_process",
            source: source.into(),
        })?;
        Ok(Arc::clone(&kept.insert(new).credential))
    }
}

fn parse(text: &[u8]) -> Result<Kept, Failure> {
    // The cause of a JSON error could quote a secret.
    let output: Output = serde_json::from_slice(text).map_err(|error| {
        Failure::Output(format!("{:?} error in line {}", error.classify(), error.line()).into())
    })?;
    if output.version != 1 {
        return Err(Failure::Output(format!("version {}", output.version).into()));
    }
    let until = output.expiration.as_deref().map(humantime::parse_rfc3339_weak).transpose();
    let until = match (until, output.expiration.as_deref()) {
        (Ok(until), _) => until,
        // An offset other than Z is legal too.
        (Err(error), Some(text)) => {
            let utc = text.strip_suffix("+00:00").map(humantime::parse_rfc3339_weak);
            Some(utc.and_then(Result::ok).ok_or_else(|| Failure::Output(error.into()))?)
        }
        (Err(error), None) => return Err(Failure::Output(error.into())),
    };
    let credential = AwsCredential {
        key_id: output.access_key_id,
        secret_key: output.secret_access_key,
        token: output.session_token,
    };
    Ok(Kept { credential: Arc::new(credential), until })
}

/// The words of a command line: spaces separate, quotes and backslashes keep. `None` for an open quote.
fn split(command: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut characters = command.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') if cfg!(unix) => word.get_or_insert_default().push(characters.next()?),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_row_by_row() {
        for (command, words) in [
            ("aws configure  x", Some(vec!["aws", "configure", "x"])),
            ("'/opt/my tool' --a=\"b c\" ''", Some(vec!["/opt/my tool", "--a=b c", ""])),
            ("", Some(vec![])),
            ("a 'b", None),
        ] {
            let words = words.map(|words| words.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(split(command), words, "{command:?}");
        }
    }

    #[test]
    fn outputs_row_by_row() {
        let full = br#"{"Version":1,"AccessKeyId":"a","SecretAccessKey":"b","SessionToken":"c","Expiration":"2030-01-02T03:04:05Z"}"#;
        let kept = parse(full).expect("credentials");
        assert_eq!((kept.credential.token.as_deref(), kept.until.is_some()), (Some("c"), true));
        let offset = br#"{"Version":1,"AccessKeyId":"a","SecretAccessKey":"b","Expiration":"2030-01-02T03:04:05+00:00"}"#;
        assert!(parse(offset).expect("credentials").until.is_some());
        for bad in [r#"{"Version":2,"AccessKeyId":"a","SecretAccessKey":"b"}"#, "hunter2", "{}"] {
            let error = parse(bad.as_bytes()).expect_err(bad);
            assert!(!format!("{error:?}").contains("hunter2"));
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_is_run_once_while_its_credentials_last() {
        let counter = tempfile::NamedTempFile::new().expect("a file");
        let path = counter.path().display();
        let json = r#"{"Version":1,"AccessKeyId":"id","SecretAccessKey":"secret"}"#;
        let provider =
            Provider::new(format!("sh -c \"echo x >> {path}; echo '{}'\"", json.replace('"', "\\\"")));
        for _ in 0..2 {
            assert_eq!(provider.get_credential().await.expect("credentials").key_id, "id");
        }
        assert_eq!(std::fs::read_to_string(counter.path()).expect("the file").lines().count(), 1);
        let failing = Provider::new("sh -c \"echo no luck >&2; exit 3\"".to_owned());
        let error = failing.get_credential().await.expect_err("fails").to_string();
        assert!(error.contains("no luck"), "{error}");
    }
}
