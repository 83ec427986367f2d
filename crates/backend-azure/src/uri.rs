//! The other ways to name a container: `abfs(s)://CONTAINER@ACCOUNT...` and the URL that the portal shows.

use rangeway_core::StoreUri;
use rangeway_transport::encode;

use crate::settings::{ACCOUNT, ENDPOINT, SAS_TOKEN};

/// The schemes of Data Lake Storage: their host begins with the container.
pub(crate) const LAKE: [&str; 2] = ["abfs", "abfss"];

/// Hosts of accounts, after the account's name and `.blob.`, or `.dfs.`.
const SUFFIXES: [&str; 4] =
    ["core.windows.net", "core.usgovcloudapi.net", "core.chinacloudapi.cn", "fabric.microsoft.com"];

/// `az://CONTAINER/KEY` with the account as a setting, where `uri` is one of the other ways to say that.
pub(crate) fn canonical(uri: &StoreUri) -> Option<StoreUri> {
    let (container, key, host) = match uri.scheme() {
        scheme if LAKE.contains(&scheme) => {
            let (container, host) = uri.container().split_once('@').unwrap_or((uri.container(), ""));
            (container.to_owned(), uri.key().as_str().to_owned(), host)
        }
        "https" => {
            let (container, key) = uri.key().as_str().split_once('/').unwrap_or((uri.key().as_str(), ""));
            // A URL is encoded, and `+` stands for itself there.
            (container.to_owned(), encode::decode(&key.replace('+', "%2B"))?, uri.container())
        }
        _ => return None,
    };
    let mut canonical = StoreUri::new("az", container, key);
    for (name, value) in uri.settings() {
        // The query of a blob's URL is a signature that grants access.
        let name = if name == StoreUri::QUERY { SAS_TOKEN.key } else { name };
        canonical = canonical.with_setting(name, value);
    }
    if !host.is_empty() {
        let (account, suffix) = account(host)?;
        canonical = canonical.with_setting(ACCOUNT.key, account);
        if suffix != SUFFIXES[0] {
            canonical = canonical.with_setting(ENDPOINT.key, format!("https://{account}.blob.{suffix}"));
        }
    }
    Some(canonical)
}

/// Account and suffix of a host of Azure's.
fn account(host: &str) -> Option<(&str, &str)> {
    let (account, rest) = host.split_once('.')?;
    let suffix = rest.strip_prefix("blob.").or_else(|| rest.strip_prefix("dfs."))?;
    (!account.is_empty() && SUFFIXES.contains(&suffix)).then_some((account, suffix))
}

#[cfg(test)]
mod tests {
    use rangeway_core::Result;

    use super::*;

    #[test]
    fn names_row_by_row() -> Result<()> {
        for (text, expected, account) in [
            ("abfss://c@a.dfs.core.windows.net/x//y", "az://c/x//y", Some("a")),
            ("abfs://c/x", "az://c/x", None),
            ("https://a.blob.core.windows.net/c/x?sv=1&sig=y", "az://c/x", Some("a")),
            ("https://a.blob.core.windows.net/c/x%20y/%2B+", "az://c/x y/++", Some("a")),
            ("https://a.blob.core.windows.net/c", "az://c", Some("a")),
            ("https://a.blob.core.chinacloudapi.cn/c/x", "az://c/x", Some("a")),
        ] {
            let found = canonical(&text.parse()?).expect(text);
            assert_eq!(found.to_string(), expected);
            let named = found.settings().iter().find(|(name, _)| name == "account");
            assert_eq!(named.map(|(_, value)| value.as_str()), account, "{text}");
        }
        for text in [
            "az://c/x",
            "https://example.org/c/x",
            "https://blob.core.windows.net/c",
            "abfs://c@example.org/x",
        ] {
            assert_eq!(canonical(&text.parse()?), None, "{text}");
        }
        Ok(())
    }
}
