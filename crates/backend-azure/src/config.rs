//! `AzureConfig`: where a container is and how to speak to it, from settings and the environment.

use std::collections::BTreeMap;

use rangeway_core::{Error, Operation, Result, Settings};
use rangeway_transport::ClientOptions;

use crate::credentials::Source;
use crate::settings::{ACCESS_TIER, ACCOUNT, CONNECTION_STRING, EMULATOR, ENDPOINT};

/// The account and the key of every emulator.
///
/// Source: <https://learn.microsoft.com/azure/storage/common/storage-connect-azurite>.
const EMULATOR_ACCOUNT: &str = "devstoreaccount1";
const EMULATOR_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// Where a container is and how to speak to it. `Debug` shows no secrets.
#[derive(Debug)]
pub(crate) struct AzureConfig {
    pub(crate) account: String,
    /// The URL of the account's blobs, without a slash at the end.
    pub(crate) endpoint: String,
    pub(crate) source: Source,
    /// The tier of what is written.
    pub(crate) tier: Option<String>,
    pub(crate) client: ClientOptions,
}

impl AzureConfig {
    /// What `settings` and the environment in them say.
    ///
    /// # Errors
    /// `InvalidInput` that names the setting or variable.
    pub(crate) fn from_settings(settings: &Settings) -> Result<Self> {
        Self::resolve(settings).map_err(|error| error.with_operation(Operation::Configure))
    }

    fn resolve(settings: &Settings) -> Result<Self> {
        let mut connection = connection(settings)?;
        if settings.flag(&EMULATOR)?.unwrap_or(false) {
            connection = emulator();
        }
        let field = |name: &str| connection.get(name).filter(|value| !value.is_empty()).cloned();
        let account = settings.text(&ACCOUNT).or_else(|| field("accountname"));
        let client = ClientOptions::from_settings(settings)?;
        let endpoint = client.endpoint(settings.text(&ENDPOINT).or_else(|| field("blobendpoint")))?;
        let account = account.or_else(|| account_of(endpoint.as_deref()?)).ok_or_else(|| {
            Error::invalid("no storage account is given")
                .with_hint("set account, AZURE_STORAGE_ACCOUNT_NAME or AZURE_STORAGE_CONNECTION_STRING")
        })?;
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if !account.bytes().all(known) {
            return Err(Error::invalid(format!("{account:?} is no name of a storage account")));
        }
        let endpoint = endpoint.unwrap_or_else(|| {
            let scheme = field("defaultendpointsprotocol").unwrap_or_else(|| "https".to_owned());
            let suffix = field("endpointsuffix").unwrap_or_else(|| "core.windows.net".to_owned());
            format!("{scheme}://{account}.blob.{suffix}")
        });
        let source = Source::find(settings, field("accountkey"), field("sharedaccesssignature"), &endpoint)?;
        Ok(Self { account, endpoint, source, tier: settings.text(&ACCESS_TIER), client })
    }
}

/// The account whose name a host of Azure's begins with.
fn account_of(endpoint: &str) -> Option<String> {
    let host = endpoint.split_once("://")?.1;
    let (account, rest) = host.split_once('.')?;
    rest.starts_with("blob.").then(|| account.to_owned())
}

/// The fields of the connection string, by their names in lower case.
fn connection(settings: &Settings) -> Result<BTreeMap<String, String>> {
    let Some(text) = settings.text(&CONNECTION_STRING) else { return Ok(BTreeMap::new()) };
    if text.trim_end_matches(';').eq_ignore_ascii_case("UseDevelopmentStorage=true") {
        return Ok(emulator());
    }
    let fields = text.split(';').filter(|field| !field.trim().is_empty()).map(|field| {
        let (name, value) = field.split_once('=').ok_or_else(|| {
            // The field itself may be a secret.
            Error::invalid("the connection string is not a list of Name=Value;Name=Value")
                .with_hint("copy it from the portal, or from: az storage account show-connection-string")
        })?;
        Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
    });
    fields.collect()
}

fn emulator() -> BTreeMap<String, String> {
    let endpoint = format!("http://127.0.0.1:10000/{EMULATOR_ACCOUNT}");
    [("accountname", EMULATOR_ACCOUNT), ("accountkey", EMULATOR_KEY), ("blobendpoint", &endpoint)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(settings: &[(&str, &str)]) -> Result<AzureConfig> {
        let settings =
            settings.iter().fold(Settings::default(), |settings, (name, value)| settings.set(*name, *value));
        AzureConfig::from_settings(&settings)
    }

    #[test]
    fn accounts_and_endpoints_row_by_row() -> Result<()> {
        const STRING: &str =
            "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=a2V5;EndpointSuffix=core.example";
        for (settings, account, endpoint) in [
            (vec![("account", "a")], "a", "https://a.blob.core.windows.net"),
            (vec![("account", "a"), ("endpoint", "http://h:1/a/")], "a", "http://h:1/a"),
            (
                vec![("endpoint", "https://b.blob.core.chinacloudapi.cn")],
                "b",
                "https://b.blob.core.chinacloudapi.cn",
            ),
            (vec![("connection-string", STRING)], "a", "https://a.blob.core.example"),
            (vec![("connection-string", STRING), ("account", "c")], "c", "https://c.blob.core.example"),
            (vec![("emulator", "true")], "devstoreaccount1", "http://127.0.0.1:10000/devstoreaccount1"),
            (
                vec![("connection-string", "UseDevelopmentStorage=true;")],
                "devstoreaccount1",
                "http://127.0.0.1:10000/devstoreaccount1",
            ),
        ] {
            let config = config(&settings)?;
            assert_eq!(
                (config.account.as_str(), config.endpoint.as_str()),
                (account, endpoint),
                "{settings:?}"
            );
        }
        Ok(())
    }

    #[test]
    fn what_is_wrong_is_named_without_secrets() {
        for (settings, part) in [
            (vec![], "storage account"),
            (vec![("account", "a.b")], "a.b"),
            (vec![("connection-string", "hunter2")], "connection string"),
            (vec![("account", "a"), ("account-key", "hunter2!")], "account-key"),
            (vec![("account", "a"), ("endpoint", "h:1")], "endpoint"),
        ] {
            let error = config(&settings).expect_err(part);
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(part) && !shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn debug_shows_no_secrets() -> Result<()> {
        for (name, value) in
            [("account-key", "aHVudGVyMg=="), ("sas-token", "sv=1&sig=hunter2"), ("bearer-token", "hunter2")]
        {
            let shown = format!("{:?}", config(&[("account", "a"), (name, value)])?);
            assert!(!shown.contains("hunter2") && !shown.contains("aHVu"), "{shown}");
        }
        Ok(())
    }
}
