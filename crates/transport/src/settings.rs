//! The rows of the settings table that the HTTP client understands.

use rangeway_core::{Alias, Setting, SettingKind};

/// The row for backends whose services may have several endpoints.
pub const ENDPOINTS: Setting = Setting::new(
    "endpoints",
    SettingKind::Text,
    "Several ways to one service, as a list of endpoints with commas; takes the place of `endpoint`. Each request goes \
     where the fewest are under way; an endpoint that fails is left alone for a while, and the others go on.",
)
.env(&["RANGEWAY_ENDPOINTS"]);

pub(crate) const CONNECT_TIMEOUT: Setting = Setting::new(
    "connect-timeout",
    SettingKind::Duration,
    "How long name resolution, TCP and TLS together may take until a connection is ready.",
)
.env(&["RANGEWAY_CONNECT_TIMEOUT"])
.aliases(&[Alias::new("S3DLIO_CONNECT_TIMEOUT_MS", "ms")])
.default("10s");

pub(crate) const CONNECTIONS: Setting = Setting::new(
    "connections",
    SettingKind::Count,
    "How many connections to one host reads may have open; a read beyond that waits for one, and its time for an answer \
     runs meanwhile. `auto` sets no limit: the number of requests in flight has one.",
)
.env(&["RANGEWAY_CONNECTIONS"])
.aliases(&[Alias::new("S3DLIO_MAX_HTTP_CONNECTIONS", ""), Alias::new("S3DLIO_HTTP_MAX_CONNS", "")])
.default("auto");

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
.aliases(&[Alias::new("S3DLIO_HTTP_IDLE_TIMEOUT_MS", "ms")])
.default("15s");

pub(crate) const DIRECT: Setting = Setting::new(
    "direct",
    SettingKind::Flag,
    "Whether reads take the direct data path, where bytes go from the socket to where they are wanted. Without it they \
     go through an HTTP library, which takes more time for each byte.",
)
.env(&["RANGEWAY_DIRECT"])
.aliases(&[Alias::new("S3DLIO_USE_OPTIMIZED_HTTP", "")])
.default("true");

pub(crate) const HTTP2: Setting = Setting::new(
    "http2",
    SettingKind::Flag,
    "Whether HTTP/2 is spoken with `https://` endpoints that offer it. Reads from `https://` endpoints do not take the \
     direct data path then. HTTP/1.1 over many connections is faster for large objects.",
)
.env(&["RANGEWAY_HTTP2"])
.aliases(&[Alias::new("S3DLIO_ENABLE_HTTP2", "")])
.default("false");

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
pub const SETTINGS: &[Setting] = &[
    CONNECT_TIMEOUT,
    CONNECTIONS,
    IDLE_CONNECTIONS,
    IDLE_TIMEOUT,
    DIRECT,
    HTTP2,
    CA_BUNDLE,
    PROXY,
    NO_PROXY,
];
