//! What a store is made to do while its secrets are watched: one of everything, while its service does every wrong.

use std::sync::Arc;

use futures::stream::{self, StreamExt};
use rangeway_core::{CopyOptions, GetOptions, HeadOptions, Key, ListOptions, PutOptions, Store, StoreExt};

use super::SecretWatch;
use crate::{Ending, Fault, FaultServer, Matcher};

impl SecretWatch {
    /// Does one of everything with `store`, and notes what comes of it.
    pub async fn use_store(&self, store: &Arc<dyn Store>) {
        let (key, other) = (Key::from("k"), Key::from("other"));
        self.note_result(&store.put_bytes("k", "0123456789").await);
        self.note_result(&store.put_bytes("large", vec![7; 6 << 20]).await);
        self.note_result(&store.head(&key, HeadOptions::new()).await);
        self.note_result(&store.get(&key, GetOptions::new()).await);
        self.note_result(&store.get_bytes("k").await);
        self.note_result(&store.copy(&key, &other, CopyOptions::new()).await);
        self.note_result(&store.start_multipart(&other, PutOptions::new()).await);
        for entry in store.list(ListOptions::new()).collect::<Vec<_>>().await {
            self.note_result(&entry);
        }
        for deleted in store.delete(stream::iter([key, other]).boxed()).collect::<Vec<_>>().await {
            self.note_result(&deleted.result);
        }
        self.note(store);
        store.drain().await;
    }

    /// Does `work` while `server` does nothing wrong, and again for each wrong that ends in another kind of error.
    /// `refusals` are the status and the code with which the service refuses credentials, in each of its ways.
    ///
    /// # Panics
    /// When what `work` logs and notes does not show each refusal.
    pub async fn under_faults(
        &self,
        server: &FaultServer,
        refusals: &[(u16, &'static str)],
        work: impl AsyncFn(),
    ) {
        let refusal = |&(status, code)| Fault::Status { status, code, retry_after: None };
        let faults = [
            Fault::slow_down(None),
            Fault::Redirect { status: 307, location: "http://127.0.0.1:9/elsewhere".to_owned() },
            Fault::BeforeHead(Ending::Reset),
            Fault::InBody(3, Ending::Close),
            Fault::NotHttp,
        ];
        server.behave();
        work().await;
        for fault in refusals.iter().map(refusal).chain(faults) {
            server.behave();
            server.on(Matcher::any(), fault);
            work().await;
        }
        server.behave();
        let missed: Vec<_> = refusals.iter().filter(|(_, code)| !self.has_seen(code)).collect();
        assert!(missed.is_empty(), "not watched: {missed:?}");
    }
}
