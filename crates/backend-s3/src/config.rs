//! `S3Config`: where a bucket is and how to speak to it, from settings, profiles and the environment.

use rangeway_core::{Error, Operation, Result, Settings};
use rangeway_transport::ClientOptions;

use crate::credentials::Source;
use crate::profile::{Profiles, Section, expand};
use crate::settings::{
    ACCESS_KEY_ID, ANONYMOUS, CONDITIONAL_WRITES, ENCRYPTION, ENDPOINT, KMS_KEY_ID, PATH_STYLE, PROFILE,
    REGION, REQUEST_PAYER, SECRET_ACCESS_KEY, SIGN_PAYLOAD, STORAGE_CLASS,
};

const DEFAULT_REGION: &str = "us-east-1";

/// Where a bucket is and how to speak to it. `Debug` shows no secrets.
#[derive(Debug)]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "independent choices of the user")]
pub(crate) struct S3Config {
    /// The service, without a slash at the end; `None` is AWS.
    pub(crate) endpoint: Option<String>,
    /// The region that requests are signed for.
    pub(crate) region: String,
    /// Whether the bucket stands in the path; `None` decides by endpoint and name.
    pub(crate) path_style: Option<bool>,
    /// Where credentials come from.
    pub(crate) credentials: Source,
    /// Whether the bytes of objects are hashed into the signature.
    pub(crate) sign_payload: bool,
    /// Whether the reader pays.
    pub(crate) request_payer: bool,
    /// The storage class of what is written.
    pub(crate) storage_class: Option<String>,
    /// The encryption of what is written.
    pub(crate) encryption: Option<String>,
    /// The KMS key of what is written.
    pub(crate) kms_key_id: Option<String>,
    /// Whether the service honours conditions on writes.
    pub(crate) conditional_writes: bool,
    /// The HTTP client.
    pub(crate) client: ClientOptions,
}

impl S3Config {
    /// What `settings`, the environment in them and the AWS tools' files say.
    ///
    /// # Errors
    /// `InvalidInput` that names the setting, variable or profile; `Unauthenticated` for a profile that needs what is
    /// not supported; `Io` for unreadable files.
    pub(crate) fn from_settings(settings: &Settings) -> Result<Self> {
        Self::resolve(settings).map_err(|error| error.with_operation(Operation::Configure))
    }

    fn resolve(settings: &Settings) -> Result<Self> {
        let named = settings.text(&PROFILE);
        let profiles = match Profiles::load(settings.environment()) {
            // Containers often run as a user who may not read the home folder.
            Err(error) if named.is_none() && is_complete(settings)? => {
                tracing::warn!(%error, "profiles are left out: region and credentials are given without them");
                Profiles::default()
            }
            loaded => loaded?,
        };
        let empty = Section::new();
        let profile = match (&named, profiles.get(named.as_deref().unwrap_or("default"))) {
            (_, Some(profile)) => profile,
            (None, None) => &empty,
            (Some(name), None) => return Err(no_such_profile(name, &profiles)),
        };
        let from_profile = |name: &str| profile.get(name).filter(|value| !value.is_empty()).cloned();

        let mut client = ClientOptions::from_settings(settings)?;
        let endpoint = client.endpoint(settings.text(&ENDPOINT).or_else(|| profiles.endpoint(profile)))?;
        let region = settings.text(&REGION).or_else(|| from_profile("region"));
        let region = region.unwrap_or_else(|| DEFAULT_REGION.to_owned());
        if !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
            return Err(Error::invalid(format!("the region is {region:?}, not a name like eu-west-1")));
        }
        let path_style =
            settings.flag(&PATH_STYLE)?.or_else(|| match profile.get("s3.addressing_style")?.as_str() {
                "path" => Some(true),
                "virtual" => Some(false),
                _ => None,
            });
        if client.ca_bundle.is_none() {
            client.ca_bundle = from_profile("ca_bundle").map(|path| expand(&path, settings.environment()));
        }
        let credentials = match settings.flag(&ANONYMOUS)? {
            Some(true) => Source::Anonymous,
            _ => Source::find(settings, profile, named.as_deref())?,
        };
        Ok(Self {
            endpoint,
            region,
            path_style,
            credentials,
            sign_payload: settings.flag(&SIGN_PAYLOAD)?.unwrap_or(false),
            request_payer: settings.flag(&REQUEST_PAYER)?.unwrap_or(false),
            storage_class: settings.text(&STORAGE_CLASS),
            encryption: settings.text(&ENCRYPTION),
            kms_key_id: settings.text(&KMS_KEY_ID),
            conditional_writes: settings.flag(&CONDITIONAL_WRITES)?.unwrap_or(true),
            client,
        })
    }

    /// The URL of the service itself, without a slash at the end.
    pub(crate) fn service_url(&self) -> String {
        self.endpoint.clone().unwrap_or_else(|| format!("https://{}", self.aws_host()))
    }

    /// The URL of `bucket`, without a slash at the end.
    pub(crate) fn bucket_url(&self, bucket: &str) -> String {
        let service = self.service_url();
        let is_aws = self.endpoint.as_deref().is_none_or(|endpoint| endpoint.contains(".amazonaws.com"));
        let path_style = self.path_style.unwrap_or(!is_aws || !fits_into_host(bucket));
        match service.split_once("://") {
            Some((scheme, host)) if !path_style => format!("{scheme}://{bucket}.{host}"),
            _ => format!("{service}/{}", rangeway_transport::encode::path(bucket)),
        }
    }

    fn aws_host(&self) -> String {
        let suffix = if self.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        format!("s3.{}.{suffix}", self.region)
    }
}

/// Whether `settings` say what profiles are mostly read for: who asks, and in which region.
fn is_complete(settings: &Settings) -> Result<bool> {
    let has = |setting| settings.text(setting).is_some();
    let has_credentials =
        has(&ACCESS_KEY_ID) && has(&SECRET_ACCESS_KEY) || settings.flag(&ANONYMOUS)? == Some(true);
    Ok(has_credentials && has(&REGION))
}

/// Whether `bucket` can be a label of a host name that a wildcard certificate covers.
fn fits_into_host(bucket: &str) -> bool {
    bucket.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !bucket.starts_with('-')
        && !bucket.ends_with('-')
        && (1..=63).contains(&bucket.len())
}

fn no_such_profile(name: &str, profiles: &Profiles) -> Error {
    let known: Vec<&str> = profiles.names().collect();
    let hint = if known.is_empty() {
        "there are no profiles: make one with `aws configure --profile NAME`".to_owned()
    } else {
        format!("the profiles are: {}", known.join(", "))
    };
    Error::invalid(format!("there is no profile {name:?}")).with_hint(hint)
}

#[cfg(test)]
mod tests;
