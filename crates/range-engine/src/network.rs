//! Services on a network: how their backends open stores, and send requests about containers, which are outside of
//! any store.

use std::sync::Arc;

use rangeway_core::{Error, Operation, Result, Settings, Store, StoreUri};

use crate::{Policy, Ranged, Retry};

/// The store that `open` gives, behind the engine, with the policy of services on a network.
///
/// # Errors
/// `InvalidInput` for a bad setting of the policy; those of `open`.
pub fn open<S: Store>(
    uri: &StoreUri,
    settings: &Settings,
    open: impl FnOnce(&StoreUri, &Settings, Retry) -> Result<S>,
) -> Result<Arc<dyn Store>> {
    let policy = Policy::network().from_settings(settings)?;
    let store = open(uri, settings, policy.retry());
    let store = store.map_err(|error| error.with_operation(Operation::Open).with_uri(uri.with_key("")))?;
    Ok(Arc::new(Ranged::new(store, policy)?))
}

/// Does `request`, which is about the container of `uri`, through the API that `connect` gives, as often as the
/// settings allow.
///
/// # Errors
/// `InvalidInput` where `uri` names no container; those of `connect` and `request`.
pub async fn about_container<A, T>(
    uri: &StoreUri,
    settings: &Settings,
    connect: impl FnOnce(&StoreUri, &Settings) -> Result<A>,
    request: impl AsyncFn(&A) -> Result<T>,
) -> Result<T> {
    let connect = |uri: &StoreUri, settings: &Settings| {
        check_container(uri)?;
        connect(uri, settings)
    };
    run(&uri.with_key(""), settings, connect, request).await
}

/// Does `request`, which is about the service of `uri` and none of its containers, as often as the settings allow.
///
/// # Errors
/// Those of `connect` and `request`.
pub async fn about_service<A, T>(
    uri: &StoreUri,
    settings: &Settings,
    connect: impl FnOnce(&StoreUri, &Settings) -> Result<A>,
    request: impl AsyncFn(&A) -> Result<T>,
) -> Result<T> {
    run(&StoreUri::new(uri.scheme(), "", ""), settings, connect, request).await
}

async fn run<A, T>(
    uri: &StoreUri,
    settings: &Settings,
    connect: impl FnOnce(&StoreUri, &Settings) -> Result<A>,
    request: impl AsyncFn(&A) -> Result<T>,
) -> Result<T> {
    let run = async {
        let api = connect(uri, settings)?;
        Policy::network().from_settings(settings)?.retry().run(|_| request(&api)).await
    };
    run.await.map_err(|error: Error| error.with_operation(Operation::Container).with_uri(uri))
}

/// Refuses a URI that names no container.
///
/// # Errors
/// `InvalidInput`.
pub fn check_container(uri: &StoreUri) -> Result<()> {
    if uri.container().is_empty() {
        let scheme = uri.scheme();
        return Err(Error::invalid("the URI names no container")
            .with_hint(format!("write it as {scheme}://CONTAINER/KEY")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use rangeway_core::ErrorKind;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_about_containers_are_tried_again_and_their_errors_located() -> Result<()> {
        let settings = Settings::default().set("attempts", "3");
        let uri = StoreUri::new("x", "c", "key");
        let sent = Cell::new(0);
        let fails = async |times: &u32| {
            sent.set(sent.get() + 1);
            if sent.get() > *times { Ok(sent.get()) } else { Err(Error::new(ErrorKind::Service, "broken")) }
        };
        assert_eq!(about_container(&uri, &settings, |_, _| Ok(2), fails).await?, 3);
        sent.set(0);
        let lasts = about_service(&uri, &settings, |_, _| Ok(3), fails).await.expect_err("it lasts");
        assert_eq!((lasts.attempts(), lasts.operation()), (3, Some(Operation::Container)));
        assert_eq!(lasts.uri(), Some("x:///"));
        let refused = about_container(&uri, &settings, |_, _| Err(Error::invalid("bad")), fails).await;
        assert_eq!(refused.expect_err("no way to the service").uri(), Some("x://c"));
        Ok(())
    }

    #[tokio::test]
    async fn a_container_has_a_name() {
        let nameless = StoreUri::new("x", "", "key");
        let request = async |(): &()| Ok(());
        let error = about_container(&nameless, &Settings::default(), |_, _| Ok(()), request).await;
        let error = error.expect_err("no container");
        assert_eq!(
            (error.kind(), error.hint()),
            (ErrorKind::InvalidInput, Some("write it as x://CONTAINER/KEY"))
        );
        assert!(about_service(&nameless, &Settings::default(), |_, _| Ok(()), request).await.is_ok());
    }
}
