//! Where credentials come from, and holding on to them.

use std::sync::Arc;

use object_store::RetryConfig;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredential};
use rangeway_core::{Env, Error, ErrorKind, Result, Settings};
use rangeway_transport::{Client, Connector, Fetched, Provider};

use crate::process;
use crate::profile::Section;
use crate::settings::{ACCESS_KEY_ID, PROFILE, SECRET_ACCESS_KEY, SESSION_TOKEN};

/// The variables of containers, web identities and instances that `object_store` understands.
const CHAIN: [&str; 8] = [
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_ENDPOINT_URL_STS",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_METADATA_ENDPOINT",
];

/// Where credentials come from. `Debug` shows no secrets.
#[derive(Debug)]
pub(crate) enum Source {
    /// Nowhere: requests are not signed.
    Anonymous,
    /// Settings, the environment or a profile.
    Keys(AwsCredential),
    /// A program that prints them.
    Process(String),
    /// A web identity, the container's service or the instance's.
    Chain(Vec<(AmazonS3ConfigKey, String)>),
    /// The instance's service would be next, and is switched off.
    Nothing,
}

impl Source {
    /// The first of: keys in settings, a profile named in settings, keys in the environment, the profile, a web identity,
    /// the container's service, the instance's service.
    pub(crate) fn find(settings: &Settings, profile: &Section, named: Option<&str>) -> Result<Self> {
        let keys = keys(
            settings.text(&ACCESS_KEY_ID),
            settings.text(&SECRET_ACCESS_KEY),
            settings.text(&SESSION_TOKEN),
            "in the settings and the environment",
        )?;
        let explicit_profile = settings.is_explicit(&PROFILE) && !settings.is_explicit(&ACCESS_KEY_ID);
        if let Some(keys) = keys.filter(|_| !explicit_profile) {
            return Ok(keys);
        }
        match Self::of_profile(profile, named.unwrap_or("default"))? {
            Some(source) => Ok(source),
            None => Self::of_machine(settings.environment()),
        }
    }

    fn of_profile(profile: &Section, name: &str) -> Result<Option<Self>> {
        let field = |name: &str| profile.get(name).filter(|value| !value.is_empty()).cloned();
        let place = format!("in the profile {name:?}");
        // A role goes before keys: those of the same profile may be what it is assumed with.
        if let Some(role) = field("role_arn") {
            if let Some(file) = field("web_identity_token_file") {
                let mut chain =
                    vec![(AmazonS3ConfigKey::WebIdentityTokenFile, file), (AmazonS3ConfigKey::RoleArn, role)];
                chain.extend(
                    field("role_session_name").map(|name| (AmazonS3ConfigKey::RoleSessionName, name)),
                );
                return Ok(Some(Self::Chain(chain)));
            }
            return Err(unsupported(name, "assumes a role (role_arn)"));
        }
        let keys = keys(
            field("aws_access_key_id"),
            field("aws_secret_access_key"),
            field("aws_session_token"),
            &place,
        )?;
        if keys.is_some() {
            return Ok(keys);
        }
        if let Some(command) = field("credential_process") {
            return Ok(Some(Self::Process(command)));
        }
        if field("sso_session").or_else(|| field("sso_start_url")).is_some() {
            return Err(unsupported(name, "signs in by SSO"));
        }
        if field("login_session").is_some() {
            return Err(unsupported(name, "signs in by `aws login`"));
        }
        Ok(None)
    }

    fn of_machine(env: &Env) -> Result<Self> {
        let mut chain = Vec::new();
        for name in CHAIN {
            if let Some(value) = env.get(name) {
                let key = name.to_lowercase().parse().map_err(|error| {
                    Error::invalid(format!("the variable {name} is not understood")).with_source(error)
                })?;
                chain.push((key, value.to_owned()));
            }
        }
        if let Some(endpoint) = env.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") {
            chain.push((AmazonS3ConfigKey::MetadataEndpoint, endpoint.trim_end_matches('/').to_owned()));
        }
        let disabled =
            env.get("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let elsewhere = env.get("AWS_WEB_IDENTITY_TOKEN_FILE").is_some()
            || env.get(CHAIN[4]).or_else(|| env.get(CHAIN[5])).is_some();
        Ok(if disabled && !elsewhere { Self::Nothing } else { Self::Chain(chain) })
    }
}

fn keys(
    id: Option<String>,
    secret: Option<String>,
    token: Option<String>,
    place: &str,
) -> Result<Option<Source>> {
    let missing = |what: &str| Error::invalid(format!("{what} is missing {place}"));
    match (id, secret) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(missing("the secret access key").with_hint("set AWS_SECRET_ACCESS_KEY")),
        (None, Some(_)) => Err(missing("the access key id").with_hint("set AWS_ACCESS_KEY_ID")),
        (Some(id), Some(secret)) => {
            Ok(Some(Source::Keys(AwsCredential { key_id: id, secret_key: secret, token })))
        }
    }
}

fn unsupported(profile: &str, what: &str) -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        format!("the profile {profile:?} {what}, which is left to the AWS CLI"),
    )
    .with_hint(format!(
        "run: eval \"$(aws configure export-credentials --profile {profile} --format env)\"; or give another \
             profile the line: credential_process = aws configure export-credentials --profile {profile}"
    ))
}

/// The credentials of a store. Temporary ones are renewed when they are about to end.
#[derive(Debug)]
pub(crate) struct Credentials(Kind);

#[derive(Debug)]
enum Kind {
    Anonymous,
    Fixed(Arc<AwsCredential>),
    Fetched(Fetched<AwsCredential>),
    Nothing,
}

impl Credentials {
    /// The credentials that `source` gives; they are fetched through `client` when first needed.
    pub(crate) fn new(source: Source, region: &str, client: Client) -> Result<Self> {
        Ok(Self(match source {
            Source::Anonymous => Kind::Anonymous,
            Source::Keys(keys) => Kind::Fixed(Arc::new(keys)),
            Source::Nothing => Kind::Nothing,
            Source::Process(command) => {
                let make = move || -> Result<Provider<AwsCredential>> {
                    Ok(Arc::new(process::Provider::new(command.clone())))
                };
                Kind::Fetched(Fetched::new(make, none_found)?)
            }
            Source::Chain(options) => {
                let (is_guess, region) = (is_guess(&options), region.to_owned());
                let make = move || chain(&options, &region, client.clone());
                Kind::Fetched(Fetched::new(make, none_found)?.guessed(is_guess))
            }
        }))
    }

    /// The credentials to sign with now; `None` means not to sign.
    ///
    /// # Errors
    /// `Unauthenticated` when there are none.
    pub(crate) async fn get(&self) -> Result<Option<Arc<AwsCredential>>> {
        match &self.0 {
            Kind::Anonymous => Ok(None),
            Kind::Fixed(credential) => Ok(Some(Arc::clone(credential))),
            Kind::Nothing => Err(none_found()),
            Kind::Fetched(fetched) => fetched.get().await.map(Some),
        }
    }
}

fn none_found() -> Error {
    Error::new(ErrorKind::Unauthenticated, "no credentials found").with_hint(
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, choose a profile with -o profile=NAME, or read a public \
         bucket with -o anonymous=true",
    )
}

/// Whether nothing says that the machine is an instance with a role, which is what remains to be asked for.
fn is_guess(options: &[(AmazonS3ConfigKey, String)]) -> bool {
    !options.iter().any(|(key, _)| {
        matches!(
            key,
            AmazonS3ConfigKey::WebIdentityTokenFile
                | AmazonS3ConfigKey::ContainerCredentialsRelativeUri
                | AmazonS3ConfigKey::ContainerCredentialsFullUri
        )
    })
}

/// `object_store`'s chain, over our client and in bounded time.
fn chain(
    options: &[(AmazonS3ConfigKey, String)],
    region: &str,
    client: Client,
) -> Result<Provider<AwsCredential>> {
    // Who needs the credentials tries again.
    let retry = RetryConfig { max_retries: 0, ..RetryConfig::default() };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name("credentials-only")
        .with_region(region)
        .with_retry(retry)
        .with_http_connector(Connector::new(client));
    for (key, value) in options {
        builder = builder.with_config(*key, value);
    }
    let store = builder.build().map_err(|error| {
        Error::new(ErrorKind::Unauthenticated, "the settings of the credentials contradict each other")
            .with_source(error)
    })?;
    Ok(Arc::clone(store.credentials()))
}

#[cfg(test)]
mod tests;
