//! Containers: listing, creating and deleting them.

use rangeway_core::{ContainerMeta, Result};
use rangeway_transport::{Method, headers};

use crate::api::Api;

/// The containers of the account, in order.
pub(crate) async fn list(api: &Api) -> Result<Vec<ContainerMeta>> {
    let mut found = Vec::new();
    let mut marker = None::<String>;
    loop {
        let mut query = vec![("comp", "list")];
        query.extend(marker.as_deref().map(|marker| ("marker", marker)));
        let document = api.send_xml(api.account(Method::GET, &query)?, "EnumerationResults").await?;
        let containers = document.child("Containers").into_iter().flat_map(|all| all.children("Container"));
        found.extend(containers.filter_map(|container| {
            let changed =
                container.child("Properties").and_then(|properties| properties.text("Last-Modified"));
            Some(ContainerMeta::new(container.text("Name")?, changed.and_then(headers::time)))
        }));
        marker = document.text("NextMarker").filter(|marker| !marker.is_empty()).map(str::to_owned);
        if marker.is_none() {
            return Ok(found);
        }
    }
}

/// Creates the container.
pub(crate) async fn create(api: &Api) -> Result<()> {
    api.send_plain(api.container(Method::PUT, &[])?).await.map(|_| ())
}

/// Deletes the container, which must be empty: Azure itself would delete what is in it, too.
pub(crate) async fn delete(api: &Api) -> Result<()> {
    let query = [("comp", "list"), ("maxresults", "1")];
    let document = api.send_xml(api.container(Method::GET, &query)?, "EnumerationResults").await?;
    if document.child("Blobs").is_some_and(|blobs| blobs.all_children().next().is_some()) {
        return Err(rangeway_core::Error::new(
            rangeway_core::ErrorKind::PreconditionFailed,
            "the container is not empty",
        )
        .with_hint("empty it first with: rangeway rm -r --all az://CONTAINER"));
    }
    api.send_plain(api.container(Method::DELETE, &[])?).await.map(|_| ())
}
