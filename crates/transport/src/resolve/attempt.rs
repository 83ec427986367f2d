//! `Attempt`: the resolver of one connection, which learns from how that connection went.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use super::Resolver;

/// Which name was asked for, and what was given.
type Asked = Option<(String, Vec<IpAddr>)>;

/// Resolves the name of one connection.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    resolver: Resolver,
    asked: Arc<Mutex<Asked>>,
}

impl Attempt {
    pub(crate) fn new(resolver: Resolver) -> Self {
        Self { resolver, asked: Arc::default() }
    }

    /// Notes which address was reached, `None` if none of them.
    pub(crate) fn ended(&self, reached: Option<IpAddr>) {
        if let Some((name, given)) = &*self.asked.lock().unwrap_or_else(PoisonError::into_inner) {
            self.resolver.learn(name, given, reached);
        }
    }
}

impl Service<Name> for Attempt {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let given = this.resolver.resolve(name.as_str()).await?;
            // The connector puts the port of the URI in place of 0.
            let sockets: Vec<_> = given.iter().map(|address| SocketAddr::new(*address, 0)).collect();
            *this.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some((name.to_string(), given));
            Ok(sockets.into_iter())
        })
    }
}
