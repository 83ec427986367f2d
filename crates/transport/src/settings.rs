//! The rows of the settings table that the HTTP client understands.

use rangeway_core::{Setting, SettingKind};

pub(crate) const CONNECT_TIMEOUT: Setting = Setting::new(
    "connect-timeout",
    SettingKind::Duration,
    "How long name resolution, TCP and TLS together may take until a connection is ready.",
)
.env(&["RANGEWAY_CONNECT_TIMEOUT"])
.default("10s");

pub(crate) const IDLE_CONNECTIONS: Setting = Setting::new(
    "idle-connections",
    SettingKind::Count,
    "How many connections to one host are kept open while they have nothing to do.",
)
.env(&["RANGEWAY_IDLE_CONNECTIONS"])
.default("256");

pub(crate) const IDLE_TIMEOUT: Setting = Setting::new(
    "idle-timeout",
    SettingKind::Duration,
    "How long a connection that has nothing to do is kept open.",
)
.env(&["RANGEWAY_IDLE_TIMEOUT"])
.default("15s");

pub(crate) const CA_BUNDLE: Setting = Setting::new(
    "ca-bundle",
    SettingKind::Text,
    "A PEM file with certificates to trust besides those of the system.",
)
.env(&["AWS_CA_BUNDLE"]);

pub(crate) const PROXY: Setting = Setting::new(
    "proxy",
    SettingKind::Text,
    "The HTTP proxy (`http://[user:password@]host:port`) for `https://` endpoints, used by CONNECT. `http://` \
     endpoints are always reached directly.",
)
.env(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]);

pub(crate) const NO_PROXY: Setting = Setting::new(
    "no-proxy",
    SettingKind::Text,
    "Hosts that are reached without the proxy: names, suffixes, addresses and networks, separated by commas.",
)
.env(&["NO_PROXY", "no_proxy"]);

/// The HTTP client's rows of the settings table: every cloud backend understands them.
pub const SETTINGS: &[Setting] =
    &[CONNECT_TIMEOUT, IDLE_CONNECTIONS, IDLE_TIMEOUT, CA_BUNDLE, PROXY, NO_PROXY];
