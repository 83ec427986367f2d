//! `TransferStats`: what a store did, for progress bars, benchmarks and curiosity.

/// A snapshot of a store's counters since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransferStats {
    /// Requests sent for objects and their parts: heads, gets, puts, parts, copies. Attempts count each.
    pub requests: u64,
    /// Bytes of object data received.
    pub bytes_read: u64,
    /// Bytes of object data that a service has accepted.
    pub bytes_written: u64,
    /// Attempts after the first of a request or of a part.
    pub retries: u64,
    /// Requests sent to race a slow one.
    pub hedges: u64,
    /// GET requests, those of listings included, that did not take the direct data path, on which bytes go from their
    /// connection to where they are wanted: an HTTP library carried them. Zero on stores without such a path.
    pub fallbacks: u64,
    /// The most requests that were in flight at one time.
    pub peak_in_flight: u64,
    /// The most bytes that transfers held in buffers of their own at one time.
    pub peak_buffered: u64,
    /// Entries that listings found and left out because no key can name them: each of them is missing in what was
    /// made of the listing.
    pub left_out: u64,
    /// Bytes of memory that the process has now, in use or kept for later; `None` where the system does not say.
    pub resident: Option<u64>,
    /// The most bytes of memory that the process had at one time; `None` where the system does not say.
    pub peak_resident: Option<u64>,
}
