//! `Key`: the name of an object exactly as the service has it.

use std::fmt;
use std::sync::Arc;

/// The exact key of an object: an opaque UTF-8 string.
///
/// Nothing is normalised, so `a//b`, `a/`, `/a`, `..`, spaces and emoji are all legal and round-trip.
/// A backend that cannot store a key refuses it with [`InvalidInput`](crate::ErrorKind::InvalidInput).
/// Cloning is cheap.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<str>);

impl Key {
    /// The key `key`.
    pub fn new(key: impl AsRef<str>) -> Self {
        Self(key.as_ref().into())
    }

    /// The key as a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the empty key, which names a container as a whole and never an object.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The part after the last `/`; empty for a key that ends in `/`.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Key {
    fn from(key: &str) -> Self {
        Self(key.into())
    }
}

impl From<String> for Key {
    fn from(key: String) -> Self {
        Self(key.into())
    }
}

impl From<&Key> for Key {
    fn from(key: &Key) -> Self {
        key.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_keys_stay_as_they_are() {
        for key in ["a//b", "a/", "/a", "..", "a/../b", "%2F", "a b", "\u{1f980}", "a\nb", ""] {
            assert_eq!(Key::from(key).as_str(), key);
        }
    }

    #[test]
    fn file_name_is_what_follows_the_last_slash() {
        for (key, name) in [("a/b.bin", "b.bin"), ("b.bin", "b.bin"), ("a/", ""), ("", "")] {
            assert_eq!(Key::from(key).file_name(), name);
        }
    }
}
