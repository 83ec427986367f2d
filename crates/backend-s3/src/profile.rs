//! The AWS tools' files of profiles: `~/.aws/config` and `~/.aws/credentials`.
//!
//! Source: <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rangeway_core::{Env, Error, Operation, Result};

/// The keys and values of one section; nested ones are called `parent.child`.
pub(crate) type Section = BTreeMap<String, String>;

/// The sections of both files.
#[derive(Default)]
pub(crate) struct Profiles {
    profiles: BTreeMap<String, Section>,
    services: BTreeMap<String, Section>,
}

impl Profiles {
    /// Reads the files that `env` names. Missing files count as empty.
    ///
    /// # Errors
    /// `Io` or `PermissionDenied` for a file that is there and cannot be read, `InvalidInput` for what is no text.
    pub(crate) fn load(env: &Env) -> Result<Self> {
        let place = |variable: &str, name: &str| {
            let given = env.get(variable).map(|path| expand(path, env));
            given.or_else(|| Some(env.home()?.join(".aws").join(name)))
        };
        let mut found = Self::default();
        if let Some(path) = place("AWS_CONFIG_FILE", "config") {
            found.add_config(&read(&path)?);
        }
        if let Some(path) = place("AWS_SHARED_CREDENTIALS_FILE", "credentials") {
            found.add_credentials(&read(&path)?);
        }
        Ok(found)
    }

    fn add_config(&mut self, text: &str) {
        for (title, section) in sections(text) {
            if let Some(name) = title.strip_prefix("services ") {
                self.services.entry(name.trim().to_owned()).or_default().extend(section);
            } else if let Some(name) = title.strip_prefix("profile ") {
                self.profiles.entry(name.trim().to_owned()).or_default().extend(section);
            } else if title == "default" {
                self.profiles.entry(title).or_default().extend(section);
            }
        }
    }

    /// The credentials file counts more.
    fn add_credentials(&mut self, text: &str) {
        for (title, section) in sections(text) {
            let profile = self.profiles.entry(title).or_default();
            let is_key = |name: &str| matches!(name, "aws_access_key_id" | "aws_secret_access_key");
            if section.keys().any(|name| is_key(name)) {
                // A token of the other file belongs to other keys.
                profile.remove("aws_session_token");
            }
            profile.extend(section);
        }
    }

    /// The profile of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&Section> {
        self.profiles.get(name)
    }

    /// The names of all profiles.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.profiles.keys().map(String::as_str)
    }

    /// The endpoint that a profile sets for S3.
    pub(crate) fn endpoint(&self, profile: &Section) -> Option<String> {
        let services = profile.get("services").and_then(|name| self.services.get(name));
        let specific = services.and_then(|services| services.get("s3.endpoint_url"));
        specific.or_else(|| profile.get("endpoint_url")).cloned()
    }
}

/// `~/` at the beginning means the home folder.
pub(crate) fn expand(path: &str, env: &Env) -> PathBuf {
    match (path.strip_prefix("~/"), env.home()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

fn read(path: &Path) -> Result<String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => {
            Err(Error::io(format!("reading {}", path.display()), error).with_operation(Operation::Configure))
        }
    }
}

/// The sections of a file, in order. Lines that mean nothing are skipped, as the AWS tools do.
fn sections(text: &str) -> Vec<(String, Section)> {
    let mut sections: Vec<(String, Section)> = Vec::new();
    let mut parent: Option<String> = None;
    for line in text.lines() {
        let nested = line.starts_with([' ', '\t']);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(title) = line.strip_prefix('[') {
            let title = title.split(']').next().unwrap_or_default();
            let words: Vec<&str> = title.split_whitespace().collect();
            sections.push((words.join(" "), Section::new()));
            parent = None;
            continue;
        }
        let (Some((_, section)), Some((name, value))) = (sections.last_mut(), line.split_once('=')) else {
            continue;
        };
        let name = name.trim().to_lowercase();
        let value = uncommented(value);
        match &parent {
            Some(parent) if nested => section.insert(format!("{parent}.{name}"), value),
            _ => {
                parent = value.is_empty().then(|| name.clone());
                section.insert(name, value)
            }
        };
    }
    sections
}

/// The value without the comment that may follow after a space.
fn uncommented(value: &str) -> String {
    let end = [" #", " ;", "\t#", "\t;"].iter().filter_map(|mark| value.find(mark)).min();
    value[..end.unwrap_or(value.len())].trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "\
# a comment
[default]
region = eu-west-1 # here
s3 =
    addressing_style = path
    max_concurrent_requests = 20
output = json

[profile  work]
region=us-west-2
aws_access_key_id = CONFIGKEY
aws_session_token = CONFIGTOKEN
services = local
endpoint_url = https://general

[services local]
s3 =
  endpoint_url = http://127.0.0.1:9000
dynamodb =
  endpoint_url = http://other

[sso-session x]
sso_region = us-east-1
";

    fn profiles() -> Profiles {
        let mut profiles = Profiles::default();
        profiles.add_config(CONFIG);
        profiles.add_credentials(
            "[work]\naws_access_key_id = KEY\naws_secret_access_key = a#b=c\n[only]\nx = 1\n",
        );
        profiles
    }

    #[test]
    fn sections_and_nested_values_are_read() {
        let profiles = profiles();
        assert_eq!(profiles.names().collect::<Vec<_>>(), ["default", "only", "work"]);
        let default = profiles.get("default").expect("default");
        assert_eq!(default["region"], "eu-west-1");
        assert_eq!(default["s3.addressing_style"], "path");
        assert_eq!(default["output"], "json");
    }

    #[test]
    fn the_credentials_file_counts_more() {
        let profiles = profiles();
        let work = profiles.get("work").expect("work");
        assert_eq!(work["aws_access_key_id"], "KEY");
        assert_eq!(work["aws_secret_access_key"], "a#b=c");
        assert_eq!(work.get("aws_session_token"), None, "it belongs to the other key");
        assert_eq!(work["region"], "us-west-2");
    }

    #[test]
    fn the_endpoint_of_the_service_counts_more() {
        let profiles = profiles();
        let work = profiles.get("work").expect("work");
        assert_eq!(profiles.endpoint(work).as_deref(), Some("http://127.0.0.1:9000"));
        assert_eq!(profiles.endpoint(profiles.get("default").expect("default")), None);
    }

    #[test]
    fn odd_files_do_no_harm() {
        assert!(sections("x = 1\n = \n[\n[]\nno value\n=\n").len() <= 2);
    }
}
