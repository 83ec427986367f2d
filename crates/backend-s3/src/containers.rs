//! Buckets: listing, creating and deleting them.

use rangeway_core::{ContainerMeta, Error, ErrorKind, Result};
use rangeway_transport::Method;
use rangeway_transport::xml;

use crate::api::Api;
use crate::list::time;

/// Where AWS creates buckets without being told so.
const HOME: &str = "us-east-1";

/// The buckets of the account, in order.
pub(crate) async fn list(api: &Api) -> Result<Vec<ContainerMeta>> {
    let (_, document) = api.send_xml(api.bucket(Method::GET, &[])?, "ListAllMyBucketsResult").await?;
    let buckets = document.child("Buckets").into_iter().flat_map(|buckets| buckets.children("Bucket"));
    let named = buckets.filter_map(|bucket| {
        Some(ContainerMeta::new(bucket.text("Name")?, bucket.text("CreationDate").and_then(time)))
    });
    Ok(named.collect())
}

/// Creates the bucket.
pub(crate) async fn create(api: &Api) -> Result<()> {
    // In its oldest region AWS says 200 to an owner who creates a bucket again.
    if api.region() == HOME && exists(api).await? {
        return Err(Error::new(ErrorKind::AlreadyExists, "the bucket exists"));
    }
    let mut request = api.bucket(Method::PUT, &[])?;
    if api.region() != HOME {
        let mut document =
            String::from("<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        xml::write(&mut document, "LocationConstraint", api.region());
        document.push_str("</CreateBucketConfiguration>");
        request = request.xml(document);
    }
    api.send_plain(request).await.map(|_| ())
}

async fn exists(api: &Api) -> Result<bool> {
    match api.send_plain(api.bucket(Method::HEAD, &[])?).await {
        Ok(_) => Ok(true),
        // What cannot be seen may be created, or the service will say why not.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Deletes the bucket.
pub(crate) async fn delete(api: &Api) -> Result<()> {
    api.send_plain(api.bucket(Method::DELETE, &[])?).await.map(|_| ())
}
