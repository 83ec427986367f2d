//! What a store can do, so that callers and tests need not try.

/// Limits of a store's multipart uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartLimits {
    /// The smallest size of a part that is not the last, in bytes.
    pub min_size: u64,
    /// The largest size of a part, in bytes.
    pub max_size: u64,
    /// How many parts an upload may have.
    pub max_count: u32,
}

impl PartLimits {
    /// Parts of `min_size..=max_size` bytes, at most `max_count` of them.
    pub const fn new(min_size: u64, max_size: u64, max_count: u32) -> Self {
        Self { min_size, max_size, max_count }
    }
}

/// What a store can do. A `false` means the operation fails with `Unsupported`, never that it is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "a table of independent yes/no facts")]
pub struct Capabilities {
    /// Reads and heads honour [`Conditions`](crate::Conditions).
    pub conditional_get: bool,
    /// [`PutMode::Create`](crate::PutMode::Create) is atomic.
    pub put_create: bool,
    /// [`PutMode::IfMatch`](crate::PutMode::IfMatch) is honoured.
    pub put_if_match: bool,
    /// [`PutMode::Create`](crate::PutMode::Create) works for copies.
    pub copy_create: bool,
    /// [`Attributes`](crate::Attributes) are stored and given back.
    pub attributes: bool,
    /// Old versions can be read by their version id.
    pub versions: bool,
    /// Every UTF-8 string is a valid key.
    pub any_key: bool,
    /// Objects can be listed.
    pub list: bool,
    /// The largest object that one `put` writes, in bytes; 0 where nothing can be written.
    pub max_put_size: u64,
    /// Limits of multipart uploads.
    pub parts: PartLimits,
}

impl Capabilities {
    /// A store that can do everything, without limits that matter.
    pub const fn all() -> Self {
        Self {
            conditional_get: true,
            put_create: true,
            put_if_match: true,
            copy_create: true,
            attributes: true,
            versions: true,
            any_key: true,
            list: true,
            max_put_size: u64::MAX,
            parts: PartLimits::new(1, u64::MAX, u32::MAX),
        }
    }
}
