//! `Dialect`: whose protocol the server speaks.

use bytes::Bytes;

use super::answer::{Answer, Refusal};
use super::bucket::Bucket;
use super::request::SeenRequest;
use super::{azure, gcs, service};

/// Whose protocol the server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    S3,
    Gcs,
    Azure,
}

impl Dialect {
    /// An empty bucket.
    pub(super) fn bucket(self, name: &str) -> Bucket {
        let mut bucket = Bucket::new(name);
        bucket.replaced = (self == Self::Gcs).then(Default::default);
        bucket
    }

    /// The environment variables that lead a client to a server at `endpoint`.
    pub(super) fn environment(self, endpoint: String) -> Vec<(String, String)> {
        let of_s3 = [
            ("AWS_ENDPOINT_URL_S3", endpoint.clone()),
            ("AWS_ACCESS_KEY_ID", "any".into()),
            ("AWS_SECRET_ACCESS_KEY", "any".into()),
            ("AWS_REGION", "us-east-1".into()),
            ("AWS_ALLOW_HTTP", "true".into()),
        ];
        let of_gcs =
            [("STORAGE_EMULATOR_HOST", endpoint.clone()), ("GOOGLE_CLOUD_PROJECT", "project".into())];
        let of_azure = [
            ("AZURE_STORAGE_BLOB_ENDPOINT", endpoint),
            ("AZURE_STORAGE_ACCOUNT_NAME", "any".into()),
            ("AZURE_STORAGE_ACCOUNT_KEY", "YW55".into()),
        ];
        let variables: &[(&str, String)] = match self {
            Self::S3 => &of_s3,
            Self::Gcs => &of_gcs,
            Self::Azure => &of_azure,
        };
        variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    /// Says what the request is, where that is not as it is with S3.
    pub(super) fn understand(self, request: &mut SeenRequest) {
        match self {
            Self::S3 => {}
            Self::Gcs => gcs::understand(request),
            Self::Azure => azure::understand(request),
        }
    }

    /// The honest answer.
    pub(super) fn answer(self, bucket: &mut Bucket, request: &SeenRequest, body: Bytes) -> Answer {
        let answer = match self {
            Self::S3 => service::answer(bucket, request, body),
            Self::Gcs => gcs::answer(bucket, request, body),
            Self::Azure => azure::answer(bucket, request, body),
        };
        answer.unwrap_or_else(|refusal| self.refuse(request, refusal))
    }

    /// The answer that a refusal is.
    pub(super) fn refuse(self, request: &SeenRequest, refusal: Refusal) -> Answer {
        match self {
            Self::Azure => azure::refuse(refusal),
            Self::Gcs if gcs::is_json(request) => gcs::refuse(&refusal),
            _ => refusal.into_answer(),
        }
    }
}
