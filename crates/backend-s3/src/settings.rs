//! The rows of the settings table that s3:// understands, named as the AWS tools name them where they do.

use rangeway_core::{Setting, SettingKind};
use rangeway_transport::ENDPOINTS;

pub(crate) const ENDPOINT: Setting = Setting::new(
    "endpoint",
    SettingKind::Text,
    "Where the service is, as `http://host:port` or `https://host`. Default: the profile's `endpoint_url`, else AWS.",
)
.env(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]);

pub(crate) const REGION: Setting = Setting::new(
    "region",
    SettingKind::Text,
    "The bucket's region. Default: the profile's, else `us-east-1`.",
)
.env(&["AWS_REGION", "AWS_DEFAULT_REGION"]);

pub(crate) const ACCESS_KEY_ID: Setting = Setting::new(
    "access-key-id",
    SettingKind::Text,
    "The access key. Default: the profile's, else what the machine or container provides.",
)
.env(&["AWS_ACCESS_KEY_ID"]);

pub(crate) const SECRET_ACCESS_KEY: Setting =
    Setting::new("secret-access-key", SettingKind::Secret, "The secret that belongs to the access key.")
        .env(&["AWS_SECRET_ACCESS_KEY"]);

pub(crate) const SESSION_TOKEN: Setting =
    Setting::new("session-token", SettingKind::Secret, "The token of temporary credentials.")
        .env(&["AWS_SESSION_TOKEN"]);

pub(crate) const PROFILE: Setting = Setting::new(
    "profile",
    SettingKind::Text,
    "The profile in `~/.aws/config` and `~/.aws/credentials` (or where `AWS_CONFIG_FILE` and \
     `AWS_SHARED_CREDENTIALS_FILE` say). As an option or in the URI it counts more than keys in the environment. \
     Default: `default`, where there is one.",
)
.env(&["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]);

pub(crate) const ANONYMOUS: Setting =
    Setting::new("anonymous", SettingKind::Flag, "Sends requests without credentials, for public buckets.")
        .env(&["AWS_SKIP_SIGNATURE"])
        .default("false");

pub(crate) const PATH_STYLE: Setting = Setting::new(
    "path-style",
    SettingKind::Flag,
    "Whether the bucket stands in the path (`https://host/bucket`) or in the host name (`https://bucket.host`). \
     Default: in the path for endpoints other than AWS and for bucket names that no host name can hold.",
)
.env(&["RANGEWAY_S3_PATH_STYLE"]);

pub(crate) const SIGN_PAYLOAD: Setting = Setting::new(
    "sign-payload",
    SettingKind::Flag,
    "Whether the bytes of objects are hashed into the signature, which costs a SHA-256 of all that is written. All \
     else of a request is signed in any case.",
)
.env(&["RANGEWAY_S3_SIGN_PAYLOAD"])
.default("false");

pub(crate) const REQUEST_PAYER: Setting = Setting::new(
    "request-payer",
    SettingKind::Flag,
    "Agrees to pay for requests to buckets whose owner does not.",
)
.env(&["RANGEWAY_S3_REQUEST_PAYER"])
.default("false");

pub(crate) const STORAGE_CLASS: Setting = Setting::new(
    "storage-class",
    SettingKind::Text,
    "The storage class of what is written, such as `STANDARD_IA`. Default: the bucket's.",
)
.env(&["RANGEWAY_S3_STORAGE_CLASS"]);

pub(crate) const ENCRYPTION: Setting = Setting::new(
    "encryption",
    SettingKind::Text,
    "The server-side encryption of what is written: `AES256` or `aws:kms`. Default: the bucket's.",
)
.env(&["RANGEWAY_S3_ENCRYPTION"]);

pub(crate) const KMS_KEY_ID: Setting =
    Setting::new("kms-key-id", SettingKind::Text, "The KMS key for `encryption=aws:kms`.")
        .env(&["RANGEWAY_S3_KMS_KEY_ID"]);

pub(crate) const CONDITIONAL_WRITES: Setting = Setting::new(
    "conditional-writes",
    SettingKind::Flag,
    "Whether the service honours `If-None-Match` and `If-Match` on writes, as AWS does. Where it does not, say \
     `false`: writes that need it are then refused instead of being done unconditionally.",
)
.env(&["RANGEWAY_S3_CONDITIONAL_WRITES"])
.default("true");

/// The backend's own rows.
pub(crate) const SETTINGS: &[Setting] = &[
    ENDPOINT,
    ENDPOINTS,
    REGION,
    ACCESS_KEY_ID,
    SECRET_ACCESS_KEY,
    SESSION_TOKEN,
    PROFILE,
    ANONYMOUS,
    PATH_STYLE,
    SIGN_PAYLOAD,
    REQUEST_PAYER,
    STORAGE_CLASS,
    ENCRYPTION,
    KMS_KEY_ID,
    CONDITIONAL_WRITES,
];
