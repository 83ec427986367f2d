//! The rows of the settings table that `az://` understands, named as Azure's own tools name them where they do.

use rangeway_core::{Setting, SettingKind};
use rangeway_transport::ENDPOINTS;

pub(crate) const ACCOUNT: Setting =
    Setting::new("account", SettingKind::Text, "The storage account. Default: the connection string's.")
        .env(&["AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT"]);

pub(crate) const ENDPOINT: Setting = Setting::new(
    "endpoint",
    SettingKind::Text,
    "Where the account's blobs are, as `https://host` or `http://host:port/account`. Default: \
     `https://ACCOUNT.blob.core.windows.net`.",
)
.env(&["AZURE_STORAGE_BLOB_ENDPOINT", "AZURE_STORAGE_ENDPOINT"]);

pub(crate) const ACCOUNT_KEY: Setting =
    Setting::new("account-key", SettingKind::Secret, "The account's shared key, in base64.").env(&[
        "AZURE_STORAGE_ACCOUNT_KEY",
        "AZURE_STORAGE_KEY",
        "AZURE_STORAGE_ACCESS_KEY",
    ]);

pub(crate) const SAS_TOKEN: Setting = Setting::new(
    "sas-token",
    SettingKind::Secret,
    "A shared access signature: the query string that grants access.",
)
.env(&["AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_SAS_KEY"]);

pub(crate) const CONNECTION_STRING: Setting = Setting::new(
    "connection-string",
    SettingKind::Secret,
    "Account, key or signature and endpoint in one, as the portal shows it. Settings of their own count more.",
)
.env(&["AZURE_STORAGE_CONNECTION_STRING"]);

pub(crate) const EMULATOR: Setting = Setting::new(
    "emulator",
    SettingKind::Flag,
    "Speaks to the emulator Azurite on this machine: its well-known account and key, port 10000 unless `endpoint` says more.",
)
.env(&["AZURE_STORAGE_USE_EMULATOR"])
.default("false");

pub(crate) const ANONYMOUS: Setting = Setting::new(
    "anonymous",
    SettingKind::Flag,
    "Sends requests without credentials, for public containers.",
)
.env(&["AZURE_SKIP_SIGNATURE"])
.default("false");

pub(crate) const BEARER_TOKEN: Setting = Setting::new(
    "bearer-token",
    SettingKind::Secret,
    "A token of Microsoft Entra ID for the storage service.",
)
.env(&["AZURE_STORAGE_TOKEN"]);

pub(crate) const TENANT_ID: Setting =
    Setting::new("tenant-id", SettingKind::Text, "The tenant of a service principal or workload identity.")
        .env(&["AZURE_TENANT_ID"]);

pub(crate) const CLIENT_ID: Setting = Setting::new(
    "client-id",
    SettingKind::Text,
    "The client id of a service principal, a workload identity or a user-assigned managed identity.",
)
.env(&["AZURE_CLIENT_ID"]);

pub(crate) const CLIENT_SECRET: Setting =
    Setting::new("client-secret", SettingKind::Secret, "The secret of a service principal.")
        .env(&["AZURE_CLIENT_SECRET"]);

pub(crate) const FEDERATED_TOKEN_FILE: Setting = Setting::new(
    "federated-token-file",
    SettingKind::Text,
    "The file with the token of a workload identity; Kubernetes sets it.",
)
.env(&["AZURE_FEDERATED_TOKEN_FILE"]);

pub(crate) const AUTHORITY_HOST: Setting = Setting::new(
    "authority-host",
    SettingKind::Text,
    "Where tokens come from. Default: `https://login.microsoftonline.com`.",
)
.env(&["AZURE_AUTHORITY_HOST"]);

pub(crate) const AZURE_CLI: Setting = Setting::new(
    "azure-cli",
    SettingKind::Flag,
    "Asks `az account get-access-token` for tokens, as whoever ran `az login`.",
)
.env(&["RANGEWAY_AZURE_CLI"])
.default("false");

pub(crate) const ACCESS_TIER: Setting = Setting::new(
    "access-tier",
    SettingKind::Text,
    "The tier of what is written: `Hot`, `Cool`, `Cold` or `Archive`. Default: the account's.",
)
.env(&["RANGEWAY_AZURE_ACCESS_TIER"]);

/// The backend's own rows.
pub(crate) const SETTINGS: &[Setting] = &[
    ACCOUNT,
    ENDPOINT,
    ENDPOINTS,
    ACCOUNT_KEY,
    SAS_TOKEN,
    CONNECTION_STRING,
    EMULATOR,
    ANONYMOUS,
    BEARER_TOKEN,
    TENANT_ID,
    CLIENT_ID,
    CLIENT_SECRET,
    FEDERATED_TOKEN_FILE,
    AUTHORITY_HOST,
    AZURE_CLI,
    ACCESS_TIER,
];
