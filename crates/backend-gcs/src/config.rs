//! `GcsConfig`: where a bucket is and how to speak to it, from settings and the environment.

use rangeway_core::{Operation, Result, Settings};
use rangeway_transport::ClientOptions;

use crate::credentials::Source;
use crate::settings::{EMULATOR_HOST, ENDPOINT, LOCATION, PROJECT, STORAGE_CLASS, USER_PROJECT};

const SERVICE: &str = "https://storage.googleapis.com";

/// Where a bucket is and how to speak to it. `Debug` shows no secrets.
#[derive(Debug)]
pub(crate) struct GcsConfig {
    /// The URL of the service, without a slash at the end.
    pub(crate) endpoint: String,
    pub(crate) source: Source,
    /// The project of buckets.
    pub(crate) project: Option<String>,
    /// The project that pays.
    pub(crate) user_project: Option<String>,
    /// The storage class of what is written.
    pub(crate) class: Option<String>,
    /// Where buckets are created.
    pub(crate) location: Option<String>,
    pub(crate) client: ClientOptions,
}

impl GcsConfig {
    /// What `settings`, the environment in them and the credentials file say.
    ///
    /// # Errors
    /// `InvalidInput` that names the setting or variable; `Unauthenticated` for credentials that cannot be used.
    pub(crate) fn from_settings(settings: &Settings) -> Result<Self> {
        Self::resolve(settings).map_err(|error| error.with_operation(Operation::Configure))
    }

    fn resolve(settings: &Settings) -> Result<Self> {
        let emulator = settings.text(&EMULATOR_HOST).map(|host| with_scheme(&host));
        let found = Source::find(settings, emulator.is_some())?;
        let client = ClientOptions::from_settings(settings)?;
        let endpoint = client.endpoint(settings.text(&ENDPOINT).or(emulator).or(found.endpoint))?;
        Ok(Self {
            endpoint: endpoint.unwrap_or_else(|| SERVICE.to_owned()),
            source: found.source,
            project: settings.text(&PROJECT).or(found.project),
            user_project: settings.text(&USER_PROJECT),
            class: settings.text(&STORAGE_CLASS),
            location: settings.text(&LOCATION),
            client,
        })
    }
}

/// The URL of an emulator: Google's libraries take `host:port` too.
fn with_scheme(host: &str) -> String {
    if host.contains("://") { host.to_owned() } else { format!("http://{host}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(settings: &[(&str, &str)]) -> Result<GcsConfig> {
        let settings =
            settings.iter().fold(Settings::default(), |settings, (name, value)| settings.set(*name, *value));
        GcsConfig::from_settings(&settings)
    }

    const EMULATED: &str = r#"{"gcs_base_url":"http://h:4","disable_oauth":true,"client_email":"","private_key":"","private_key_id":""}"#;

    #[test]
    fn endpoints_row_by_row() -> Result<()> {
        for (settings, endpoint, source) in [
            (vec![], SERVICE, "Machine"),
            (vec![("anonymous", "true")], SERVICE, "Anonymous"),
            (vec![("emulator-host", "h:1")], "http://h:1", "Anonymous"),
            (vec![("emulator-host", "https://h:1/")], "https://h:1", "Anonymous"),
            (vec![("emulator-host", "h:1"), ("bearer-token", "t")], "http://h:1", "Token"),
            (vec![("emulator-host", "h:1"), ("endpoint", "http://h:2")], "http://h:2", "Anonymous"),
            (vec![("credentials-json", EMULATED)], "http://h:4", "Anonymous"),
            (vec![("credentials-json", EMULATED), ("endpoint", "http://h:2")], "http://h:2", "Anonymous"),
        ] {
            let config = config(&settings)?;
            assert_eq!(config.endpoint, endpoint, "{settings:?}");
            assert!(format!("{:?}", config.source).contains(source), "{settings:?}: {:?}", config.source);
        }
        Ok(())
    }

    #[test]
    fn what_is_wrong_is_named_without_secrets() {
        for (settings, part) in [
            (vec![("endpoint", "h:1")], "endpoint"),
            (vec![("credentials-json", "hunter2")], "credentials-json"),
            (vec![("credentials-file", "/nowhere/hunter")], "/nowhere/hunter"),
            (vec![("anonymous", "maybe")], "anonymous"),
        ] {
            let error = config(&settings).expect_err(part);
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(part) && !shown.contains("hunter2"), "{shown}");
        }
    }
}
