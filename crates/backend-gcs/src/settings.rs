//! The rows of the settings table that `gs://` understands, named as Google's own tools name them where they do.

use rangeway_core::{Setting, SettingKind};
use rangeway_transport::ENDPOINTS;

pub(crate) const ENDPOINT: Setting = Setting::new(
    "endpoint",
    SettingKind::Text,
    "Where the service is, as `https://host` or `http://host:port`. Default: what the credentials file says, or \
     `https://storage.googleapis.com`.",
)
.env(&["RANGEWAY_GCS_ENDPOINT", "GOOGLE_BASE_URL", "GCS_ENDPOINT_URL"]);

pub(crate) const EMULATOR_HOST: Setting = Setting::new(
    "emulator-host",
    SettingKind::Text,
    "An emulator to speak to in place of the service, as `host:port` or a URL: without credentials, unless some are given \
     as options or in the URI.",
)
.env(&["STORAGE_EMULATOR_HOST"]);

pub(crate) const CREDENTIALS_FILE: Setting = Setting::new(
    "credentials-file",
    SettingKind::Text,
    "A JSON file with credentials: a service account's key, a user's, or those of an external account. Default: what \
     `gcloud auth application-default login` wrote, or the machine's own service account.",
)
.env(&["GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_PATH"]);

pub(crate) const CREDENTIALS_JSON: Setting =
    Setting::new("credentials-json", SettingKind::Secret, "What a credentials file would hold.")
        .env(&["GOOGLE_SERVICE_ACCOUNT_KEY", "GOOGLE_APPLICATION_CREDENTIALS_JSON"]);

pub(crate) const BEARER_TOKEN: Setting = Setting::new(
    "bearer-token",
    SettingKind::Secret,
    "A token that somebody else fetched, as `gcloud auth print-access-token` prints it.",
)
.env(&["GOOGLE_OAUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN", "GOOGLE_BEARER_TOKEN"]);

pub(crate) const ANONYMOUS: Setting =
    Setting::new("anonymous", SettingKind::Flag, "Sends requests without credentials, for public buckets.")
        .env(&["GOOGLE_SKIP_SIGNATURE"])
        .default("false");

pub(crate) const PROJECT: Setting = Setting::new(
    "project",
    SettingKind::Text,
    "The project whose buckets are listed, and in which they are created. Default: that of the credentials file.",
)
.env(&["GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT", "GCLOUD_PROJECT"]);

pub(crate) const USER_PROJECT: Setting = Setting::new(
    "user-project",
    SettingKind::Text,
    "The project that pays, for buckets whose owner does not.",
)
.env(&["RANGEWAY_GCS_USER_PROJECT"]);

pub(crate) const STORAGE_CLASS: Setting = Setting::new(
    "storage-class",
    SettingKind::Text,
    "The storage class of what is written, such as `NEARLINE`. Default: the bucket's.",
)
.env(&["RANGEWAY_GCS_STORAGE_CLASS"]);

pub(crate) const LOCATION: Setting =
    Setting::new("location", SettingKind::Text, "Where buckets are created, such as `EU`. Default: `US`.")
        .env(&["RANGEWAY_GCS_LOCATION"]);

/// The backend's own rows.
pub(crate) const SETTINGS: &[Setting] = &[
    ENDPOINT,
    ENDPOINTS,
    EMULATOR_HOST,
    CREDENTIALS_FILE,
    CREDENTIALS_JSON,
    BEARER_TOKEN,
    ANONYMOUS,
    PROJECT,
    USER_PROJECT,
    STORAGE_CLASS,
    LOCATION,
];
