//! `RequestKind`: which S3 operation an HTTP request is, and `RequestCounts` of them.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use http::{HeaderMap, Method};

macro_rules! kinds {
    ($($(#[$doc:meta])+ $kind:ident,)+) => {
        /// An operation of the S3 REST API, as far as a transfer uses it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum RequestKind {
            $($(#[$doc])+ $kind,)+
        }

        impl RequestKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];
        }
    };
}

kinds! {
    /// GET of an object or of a range of it.
    GetObject,
    /// HEAD of an object, or the like: what stands with it.
    HeadObject,
    /// PUT of a whole object.
    PutObject,
    /// PUT with `x-amz-copy-source`.
    CopyObject,
    /// PUT of one part of an upload.
    UploadPart,
    /// PUT of one part with `x-amz-copy-source`.
    UploadPartCopy,
    /// POST `?uploads`.
    CreateMultipart,
    /// POST `?uploadId=`.
    CompleteMultipart,
    /// DELETE `?uploadId=`.
    AbortMultipart,
    /// DELETE of one object.
    DeleteObject,
    /// POST `?delete`: a batch of deletions.
    DeleteObjects,
    /// GET of a bucket: one page of its keys.
    ListObjects,
    /// GET `?uploads`: the open uploads of a bucket.
    ListUploads,
    /// GET of `/`.
    ListBuckets,
    /// PUT of a bucket.
    CreateBucket,
    /// HEAD of a bucket.
    HeadBucket,
    /// DELETE of a bucket.
    DeleteBucket,
    /// Anything else.
    Other,
}

impl RequestKind {
    /// What a path-style request is.
    pub fn of(method: &Method, path: &str, query: &str, headers: &HeaderMap) -> Self {
        let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
        let (bucket, key) = path.trim_start_matches('/').split_once('/').unwrap_or((&path[1..], ""));
        let is_copy = headers.contains_key("x-amz-copy-source");
        match (method.as_str(), bucket.is_empty(), key.is_empty()) {
            ("GET", true, _) => Self::ListBuckets,
            ("GET", false, true) if has("uploads") => Self::ListUploads,
            ("GET", false, true) => Self::ListObjects,
            ("HEAD", false, true) => Self::HeadBucket,
            ("PUT", false, true) => Self::CreateBucket,
            ("DELETE", false, true) => Self::DeleteBucket,
            ("POST", false, true) if has("delete") => Self::DeleteObjects,
            ("GET", false, false) => Self::GetObject,
            ("HEAD", false, false) => Self::HeadObject,
            ("PUT", false, false) => match (has("partNumber"), is_copy) {
                (true, true) => Self::UploadPartCopy,
                (true, false) => Self::UploadPart,
                (false, true) => Self::CopyObject,
                (false, false) => Self::PutObject,
            },
            ("POST", false, false) if has("uploads") => Self::CreateMultipart,
            ("POST", false, false) if has("uploadId") => Self::CompleteMultipart,
            ("DELETE", false, false) if has("uploadId") => Self::AbortMultipart,
            ("DELETE", false, false) => Self::DeleteObject,
            _ => Self::Other,
        }
    }
}

/// How many requests of each kind a server has seen: a snapshot.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestCounts {
    by_kind: Vec<u64>,
    peak_in_flight: usize,
}

impl RequestCounts {
    /// The requests of one kind.
    pub fn of(&self, kind: RequestKind) -> u64 {
        self.by_kind[kind as usize]
    }

    /// All requests.
    pub fn total(&self) -> u64 {
        self.by_kind.iter().sum()
    }

    /// Asserts that there were so many requests of these kinds, and no others.
    ///
    /// # Panics
    /// When there were others.
    pub fn assert_only(&self, expected: &[(RequestKind, u64)]) {
        for (kind, count) in expected {
            assert_eq!(self.of(*kind), *count, "{kind:?} in {self:?}");
        }
        assert_eq!(self.total(), expected.iter().map(|(_, count)| count).sum::<u64>(), "{self:?}");
    }

    /// The most requests that were under way at one time, their response bodies included.
    pub fn peak_in_flight(&self) -> usize {
        self.peak_in_flight
    }
}

/// Shows what is not zero.
impl fmt::Debug for RequestCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = RequestKind::ALL.iter().map(|kind| (kind, self.of(*kind))).filter(|(_, count)| *count > 0);
        f.debug_map().entries(seen).entry(&"peak_in_flight", &self.peak_in_flight).finish()
    }
}

/// The counters behind [`RequestCounts`].
#[derive(Debug)]
pub(crate) struct Counters {
    by_kind: Vec<AtomicU64>,
    in_flight: AtomicUsize,
    peak_in_flight: AtomicUsize,
}

impl Default for Counters {
    fn default() -> Self {
        let by_kind = RequestKind::ALL.iter().map(|_| AtomicU64::new(0)).collect();
        Self { by_kind, in_flight: AtomicUsize::new(0), peak_in_flight: AtomicUsize::new(0) }
    }
}

impl Counters {
    /// Counts a request that has arrived and is under way until [`end`](Self::end).
    pub(crate) fn begin(&self, kind: RequestKind) {
        self.by_kind[kind as usize].fetch_add(1, Ordering::Relaxed);
        let now = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.peak_in_flight.fetch_max(now, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> RequestCounts {
        RequestCounts {
            by_kind: self.by_kind.iter().map(|count| count.load(Ordering::Relaxed)).collect(),
            peak_in_flight: self.peak_in_flight.load(Ordering::Relaxed),
        }
    }

    /// Starts counting anew; what is under way counts into the new peak.
    pub(crate) fn reset(&self) {
        for count in &self.by_kind {
            count.store(0, Ordering::Relaxed);
        }
        self.peak_in_flight.store(self.in_flight.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_row_by_row() {
        let copy: HeaderMap =
            [(http::HeaderName::from_static("x-amz-copy-source"), http::HeaderValue::from_static("b/k"))]
                .into_iter()
                .collect();
        let none = HeaderMap::new();
        for (method, path, query, headers, expected) in [
            ("GET", "/b/k", "", &none, RequestKind::GetObject),
            ("GET", "/b//k", "", &none, RequestKind::GetObject),
            ("HEAD", "/b/a/k", "", &none, RequestKind::HeadObject),
            ("PUT", "/b/k", "x-id=PutObject", &none, RequestKind::PutObject),
            ("PUT", "/b/k", "", &copy, RequestKind::CopyObject),
            ("PUT", "/b/k", "partNumber=1&uploadId=u", &none, RequestKind::UploadPart),
            ("PUT", "/b/k", "partNumber=1&uploadId=u", &copy, RequestKind::UploadPartCopy),
            ("POST", "/b/k", "uploads", &none, RequestKind::CreateMultipart),
            ("POST", "/b/k", "uploads=", &none, RequestKind::CreateMultipart),
            ("POST", "/b/k", "uploadId=u", &none, RequestKind::CompleteMultipart),
            ("DELETE", "/b/k", "uploadId=u", &none, RequestKind::AbortMultipart),
            ("DELETE", "/b/k", "", &none, RequestKind::DeleteObject),
            ("POST", "/b", "delete", &none, RequestKind::DeleteObjects),
            ("GET", "/b/", "list-type=2", &none, RequestKind::ListObjects),
            ("GET", "/b", "uploads", &none, RequestKind::ListUploads),
            ("GET", "/", "", &none, RequestKind::ListBuckets),
            ("PUT", "/b", "", &none, RequestKind::CreateBucket),
            ("DELETE", "/b/", "", &none, RequestKind::DeleteBucket),
            ("OPTIONS", "/b", "", &none, RequestKind::Other),
        ] {
            let method: Method = method.parse().expect("a method");
            assert_eq!(RequestKind::of(&method, path, query, headers), expected, "{method} {path}?{query}");
        }
    }

    #[test]
    fn the_peak_is_of_those_under_way() {
        let counters = Counters::default();
        counters.begin(RequestKind::GetObject);
        counters.begin(RequestKind::GetObject);
        counters.end();
        counters.begin(RequestKind::HeadObject);
        let counts = counters.snapshot();
        assert_eq!((counts.of(RequestKind::GetObject), counts.total(), counts.peak_in_flight()), (2, 3, 2));
        counters.reset();
        assert_eq!((counters.snapshot().total(), counters.snapshot().peak_in_flight()), (0, 2));
    }
}
