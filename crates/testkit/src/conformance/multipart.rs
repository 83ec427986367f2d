//! Writes in parts.

use std::sync::Arc;

use futures::future::join_all;
use rangeway_core::{
    ErrorKind, GetOptions, HeadOptions, Key, MultipartUpload, PartSpec, PutMode, PutOptions, Store,
    UploadedPart,
};

use super::Fixture;
use super::put::{assert_attributes, some_attributes};
use super::support::{assert_missing, assert_unsupported, content, get, kind, put};
use crate::Seeded;

/// The last part is shorter than the others.
const LAST: usize = 12_345;

/// An upload of three parts of seeded bytes.
struct ThreeParts {
    store: Arc<dyn Store>,
    upload: Box<dyn MultipartUpload>,
    data: Seeded,
    part_size: usize,
}

impl ThreeParts {
    async fn start(fixture: &dyn Fixture, options: PutOptions) -> Self {
        let store = fixture.store();
        let smallest = usize::try_from(store.capabilities().parts.min_size).expect("parts fit into memory");
        let upload = store.start_multipart(&Key::from("k"), options).await.expect("an upload begins");
        Self { store, upload, data: Seeded::new(7), part_size: smallest.max(64 * 1024) }
    }

    fn size(&self) -> u64 {
        (2 * self.part_size + LAST) as u64
    }

    async fn send(&self, number: u32) -> UploadedPart {
        self.send_from(self.data, number).await
    }

    async fn send_from(&self, data: Seeded, number: u32) -> UploadedPart {
        let offset = u64::from(number - 1) * self.part_size as u64;
        let length = if number == 3 { LAST } else { self.part_size };
        let payload = data.bytes(offset, length).into();
        let part = self.upload.put_part(PartSpec { number, offset }, payload).await.expect("a part is sent");
        assert_eq!((part.number, part.size), (number, length as u64));
        part
    }

    /// Makes the object and checks its bytes.
    async fn complete(&self, parts: Vec<UploadedPart>) {
        let written = self.upload.complete(parts).await.expect("the object is made");
        let found = get(&self.store, "k", GetOptions::new()).await;
        assert_eq!(found.meta.size, self.size());
        if written.etag.is_some() {
            assert_eq!(found.meta.etag, written.etag);
        }
        self.data.verify_body(0, self.size(), found.body).await.expect("the bytes of all parts");
    }
}

/// Parts may be sent in any order, and named in any order: their numbers decide.
pub async fn multipart_parts_out_of_order(fixture: &dyn Fixture) {
    let upload = ThreeParts::start(fixture, PutOptions::new()).await;
    let (third, first, second) = (upload.send(3).await, upload.send(1).await, upload.send(2).await);
    upload.complete(vec![second, third, first]).await;
}

/// Parts may be sent at the same time.
pub async fn multipart_parts_at_once(fixture: &dyn Fixture) {
    let upload = ThreeParts::start(fixture, PutOptions::new()).await;
    let mut parts = join_all([2, 3, 1].map(|number| upload.send(number))).await;
    parts.sort_by_key(|part| part.number);
    upload.complete(parts).await;
}

/// One part of any size is enough.
pub async fn multipart_of_one_part(fixture: &dyn Fixture) {
    let upload = ThreeParts::start(fixture, PutOptions::new()).await;
    let part = upload.upload.put_part(PartSpec { number: 1, offset: 0 }, "x".into()).await.expect("a part");
    upload.upload.complete(vec![part]).await.expect("the object is made");
    assert_eq!(content(&upload.store, "k").await, "x");
}

/// Sending a part again replaces it.
pub async fn multipart_part_sent_again(fixture: &dyn Fixture) {
    let upload = ThreeParts::start(fixture, PutOptions::new()).await;
    upload.send_from(Seeded::new(8), 2).await;
    let parts = vec![upload.send(1).await, upload.send(2).await, upload.send(3).await];
    upload.complete(parts).await;
}

/// No part is visible before the upload is completed.
pub async fn multipart_invisible_until_completed(fixture: &dyn Fixture) {
    let upload = ThreeParts::start(fixture, PutOptions::new()).await;
    assert_missing(&upload.store, "k").await;
    let parts = vec![upload.send(1).await, upload.send(2).await, upload.send(3).await];
    assert_missing(&upload.store, "k").await;
    upload.complete(parts).await;
}

/// The old object stays until the upload is completed.
pub async fn multipart_over_an_object(fixture: &dyn Fixture) {
    put(&fixture.store(), "k", "old").await;
    let upload = ThreeParts::start(fixture, PutOptions::new()).await;
    let parts = vec![upload.send(1).await, upload.send(2).await, upload.send(3).await];
    assert_eq!(content(&upload.store, "k").await, "old");
    upload.complete(parts).await;
}

/// An aborted upload leaves nothing, can be aborted again and cannot be completed.
pub async fn multipart_abort_leaves_nothing(fixture: &dyn Fixture) {
    let upload = ThreeParts::start(fixture, PutOptions::new()).await;
    let parts = vec![upload.send(1).await, upload.send(2).await];
    upload.upload.abort().await.expect("an abort");
    assert_missing(&upload.store, "k").await;
    upload.upload.abort().await.expect("a second abort");
    upload.upload.complete(parts).await.expect_err("an aborted upload has ended");
    assert_missing(&upload.store, "k").await;
}

/// Attributes are those the upload began with.
pub async fn multipart_attributes(fixture: &dyn Fixture) {
    let options = PutOptions::new().attributes(some_attributes());
    let store = fixture.store();
    if !store.capabilities().attributes {
        let started = store.start_multipart(&Key::from("k"), options).await;
        return assert_unsupported(&store, "an upload with attributes", started);
    }
    let upload = ThreeParts::start(fixture, options).await;
    let parts = vec![upload.send(1).await, upload.send(2).await, upload.send(3).await];
    upload.complete(parts).await;
    let head = store.head(&Key::from("k"), HeadOptions::new()).await.expect("it exists");
    assert_attributes(&head.attributes, &some_attributes());
}

/// A create-only upload fails at its end with `AlreadyExists` where there is an object by then.
pub async fn multipart_create_only(fixture: &dyn Fixture) {
    let store = fixture.store();
    let options = PutOptions::new().mode(PutMode::Create);
    if !store.capabilities().put_create {
        let started = store.start_multipart(&Key::from("k"), options).await;
        return assert_unsupported(&store, "a create-only upload", started);
    }
    let upload = ThreeParts::start(fixture, options.clone()).await;
    let parts = vec![upload.send(1).await, upload.send(2).await, upload.send(3).await];
    put(&store, "k", "somebody else's").await;
    let late = upload.upload.complete(parts).await;
    assert_eq!(kind(late), ErrorKind::AlreadyExists);
    assert_eq!(content(&store, "k").await, "somebody else's");
    upload.upload.abort().await.expect("an abort after a failed completion");

    let free = store.start_multipart(&Key::from("free"), options).await.expect("an upload begins");
    let part = free.put_part(PartSpec { number: 1, offset: 0 }, "x".into()).await.expect("a part");
    free.complete(vec![part]).await.expect("there is no object yet");
    assert_eq!(content(&store, "free").await, "x");
}
