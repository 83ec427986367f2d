//! `Backend`: the plug-in that opens stores of some schemes.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{ContainerMeta, Result, Setting, Settings, Store, StoreUri};

/// A plug-in for one kind of service. Register it with [`register_backend!`](crate::register_backend).
#[async_trait]
pub trait Backend: Debug + Send + Sync + 'static {
    /// A short name, for example `s3`.
    fn name(&self) -> &'static str;

    /// The schemes it opens, without `://`.
    fn schemes(&self) -> &'static [&'static str];

    /// The settings it understands, those of the range engine included.
    fn settings(&self) -> Vec<&'static Setting>;

    /// The URI by which this backend opens what `uri` names, when that is another one: services have URLs of their own.
    fn canonical(&self, uri: &StoreUri) -> Option<StoreUri>;

    /// Opens the container of `uri`. Does no request: a wrong name or credential shows at the first operation.
    ///
    /// # Errors
    /// `InvalidInput` for a bad setting or container name.
    fn open(&self, uri: &StoreUri, settings: &Settings) -> Result<Arc<dyn Store>>;

    /// The containers that the credentials can see; `uri` says where to ask, its container is ignored.
    ///
    /// # Errors
    /// `Unsupported` where the service has no such list.
    async fn list_containers(&self, uri: &StoreUri, settings: &Settings) -> Result<Vec<ContainerMeta>>;

    /// Creates the container of `uri`.
    ///
    /// # Errors
    /// `AlreadyExists`.
    async fn create_container(&self, uri: &StoreUri, settings: &Settings) -> Result<()>;

    /// Deletes the container of `uri`, which must be empty.
    ///
    /// # Errors
    /// `NotFound`; `PreconditionFailed` when it is not empty.
    async fn delete_container(&self, uri: &StoreUri, settings: &Settings) -> Result<()>;
}

/// What [`register_backend!`](crate::register_backend) submits: how to make one backend.
#[derive(Debug)]
pub struct Registration {
    /// Makes the backend; each registry has its own.
    pub make: fn() -> Arc<dyn Backend>,
}

inventory::collect!(Registration);

/// Registers a backend type at link time; the type implements [`Backend`] and [`Default`].
///
/// The crate must really be linked: a crate that is only listed among the dependencies is not. The facade says
/// `pub use` of each backend for that reason.
#[macro_export]
macro_rules! register_backend {
    ($backend:ty) => {
        $crate::__private::inventory::submit! {
            $crate::Registration { make: || ::std::sync::Arc::new(<$backend as ::core::default::Default>::default()) }
        }
    };
}
