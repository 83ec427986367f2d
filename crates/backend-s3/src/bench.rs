//! What the benchmarks reach of the inside. A promise to nobody: it changes with what it shows.

use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use object_store::aws::AwsCredential;
use rangeway_core::{Env, Key, Result, Settings, StoreUri};
use rangeway_transport::{Method, Request, header, headers};

use crate::api::Api;
use crate::sign::Signer;

/// Makes requests to a bucket.
#[derive(Debug)]
pub struct Requests {
    api: Api,
    signer: Signer,
    credential: Arc<AwsCredential>,
}

impl Requests {
    /// Requests to a bucket of Amazon S3.
    ///
    /// # Errors
    /// `InvalidInput` for a bad name.
    pub fn new(bucket: &str) -> Result<Self> {
        let settings = Settings::new(Env::empty()).set("anonymous", "true");
        let api = Api::new(&StoreUri::new("s3", bucket, ""), &settings)?;
        let (key_id, secret_key) = ("AKIAIOSFODNN7EXAMPLE".to_owned(), "s".repeat(40));
        let signer = Signer::new(api.region(), "s3", false);
        let credential = Arc::new(AwsCredential { key_id, secret_key, token: None });
        Ok(Self { api, signer, credential })
    }

    /// A signed request for a range of an object.
    ///
    /// # Errors
    /// `InvalidInput` for the empty key.
    pub fn get(&self, key: &Key, range: Range<u64>, time: SystemTime) -> Result<Request> {
        let mut request = self.api.object(Method::GET, key, &[])?;
        request.headers.insert(header::RANGE, headers::range(&range.into())?);
        self.signer.sign(&mut request, &self.credential, time)?;
        Ok(request)
    }
}
