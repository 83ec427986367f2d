//! What callers may ask of each operation: ranges, conditions, write modes, listing filters.

use std::ops::Range;
use std::time::{Instant, SystemTime};

use crate::{Attributes, Error, ErrorKind, Result};

/// Which bytes of an object to read. Offsets are 0-based and ranges half-open.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum GetRange {
    /// The bytes `start..end`; cut at the end of the object.
    Bounded(Range<u64>),
    /// Everything from this offset on.
    Offset(u64),
    /// The last so many bytes; the whole object when it is shorter.
    Suffix(u64),
}

impl GetRange {
    /// The bytes of an object of `size` bytes that this range means.
    ///
    /// # Errors
    /// `RangeNotSatisfiable` when it starts at or after the end of the object; `InvalidInput` when it is empty
    /// or reversed, which HTTP cannot express.
    pub fn resolve(&self, size: u64) -> Result<Range<u64>> {
        self.validate()?;
        let range = match self {
            Self::Bounded(range) => range.start..range.end.min(size),
            Self::Offset(start) => *start..size,
            Self::Suffix(length) => size.saturating_sub(*length)..size,
        };
        if range.start >= size && !(size == 0 && matches!(self, Self::Suffix(_))) {
            return Err(Error::new(
                ErrorKind::RangeNotSatisfiable,
                format!("the range starts at byte {}, the object has {size} bytes", range.start),
            ));
        }
        Ok(range)
    }

    /// Checks what can be checked without knowing the object.
    ///
    /// # Errors
    /// `InvalidInput` for an empty or reversed range.
    pub fn validate(&self) -> Result<()> {
        match self {
            Self::Bounded(range) if range.start >= range.end => {
                Err(Error::invalid(format!("the range {}..{} is empty or reversed", range.start, range.end)))
            }
            Self::Suffix(0) => Err(Error::invalid("a range of the last 0 bytes is empty")),
            _ => Ok(()),
        }
    }
}

impl From<Range<u64>> for GetRange {
    fn from(range: Range<u64>) -> Self {
        Self::Bounded(range)
    }
}

/// Conditions on the state of an object, as in [RFC 9110 section 13](https://www.rfc-editor.org/rfc/rfc9110#section-13).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conditions {
    /// Only if the object has this etag; otherwise `PreconditionFailed`.
    pub if_match: Option<String>,
    /// Only if the object has another etag; otherwise `NotModified`.
    pub if_none_match: Option<String>,
    /// Only if modified after this time; otherwise `NotModified`. Ignored when `if_none_match` is given.
    pub if_modified_since: Option<SystemTime>,
    /// Only if not modified after this time; otherwise `PreconditionFailed`. Ignored when `if_match` is given.
    pub if_unmodified_since: Option<SystemTime>,
}

impl Conditions {
    /// Whether no condition is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Evaluates the conditions against an object's etag and time, for stores that have no server to do it.
    /// Times are compared in whole seconds, as HTTP dates have no more.
    ///
    /// # Errors
    /// `PreconditionFailed` or `NotModified`, as each field says.
    pub fn check(&self, etag: Option<&str>, last_modified: Option<SystemTime>) -> Result<()> {
        let seconds = |time: SystemTime| {
            time.duration_since(SystemTime::UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default()
        };
        let matches = |wanted: &str| wanted == "*" || tags(wanted).any(|one| Some(one) == etag);
        if let Some(wanted) = &self.if_match {
            if !matches(wanted) {
                return Err(Error::new(
                    ErrorKind::PreconditionFailed,
                    format!("the etag is {}, not {wanted}", etag.unwrap_or("absent")),
                ));
            }
        } else if let (Some(limit), Some(modified)) = (self.if_unmodified_since, last_modified)
            && seconds(modified) > seconds(limit)
        {
            return Err(Error::new(ErrorKind::PreconditionFailed, "modified since the given time"));
        }
        if let Some(unwanted) = &self.if_none_match {
            if matches(unwanted) {
                return Err(Error::new(ErrorKind::NotModified, "the etag still matches"));
            }
        } else if let (Some(limit), Some(modified)) = (self.if_modified_since, last_modified)
            && seconds(modified) <= seconds(limit)
        {
            return Err(Error::new(ErrorKind::NotModified, "not modified since the given time"));
        }
        Ok(())
    }
}

/// The etags of a list. A comma inside quotes belongs to the etag.
fn tags(list: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let between = move |c: char| {
        quoted ^= c == '"';
        c == ',' && !quoted
    };
    list.split(between).map(str::trim)
}

/// Options of [`Store::get`](crate::Store::get).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct GetOptions {
    /// The bytes to read; the whole object when `None`.
    pub range: Option<GetRange>,
    /// Conditions on the object.
    pub conditions: Conditions,
    /// The version to read; the current one when `None`.
    pub version: Option<String>,
    /// Whether etag, time and attributes are needed even of an empty object. Services refuse every range of an empty
    /// object and then say no more of it than that it is empty, so this costs one more request for such objects.
    pub full_meta: bool,
    /// When the whole operation, its body included, must have ended.
    pub deadline: Option<Instant>,
}

impl GetOptions {
    /// The whole object, without conditions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads these bytes only.
    pub fn range(mut self, range: impl Into<GetRange>) -> Self {
        self.range = Some(range.into());
        self
    }

    /// Sets all conditions at once.
    pub fn conditions(mut self, conditions: Conditions) -> Self {
        self.conditions = conditions;
        self
    }

    /// Only if the object has this etag.
    pub fn if_match(mut self, etag: impl Into<String>) -> Self {
        self.conditions.if_match = Some(etag.into());
        self
    }

    /// Only if the object has another etag.
    pub fn if_none_match(mut self, etag: impl Into<String>) -> Self {
        self.conditions.if_none_match = Some(etag.into());
        self
    }

    /// Only if modified after `time`.
    pub fn if_modified_since(mut self, time: SystemTime) -> Self {
        self.conditions.if_modified_since = Some(time);
        self
    }

    /// Only if not modified after `time`.
    pub fn if_unmodified_since(mut self, time: SystemTime) -> Self {
        self.conditions.if_unmodified_since = Some(time);
        self
    }

    /// Reads this version.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Asks for etag, time and attributes even of an empty object.
    pub fn full_meta(mut self) -> Self {
        self.full_meta = true;
        self
    }

    /// Gives up at `deadline`.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }
}

/// Options of [`Store::head`](crate::Store::head).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct HeadOptions {
    /// Conditions on the object.
    pub conditions: Conditions,
    /// The version to look at; the current one when `None`.
    pub version: Option<String>,
}

impl HeadOptions {
    /// The current version, without conditions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets all conditions at once.
    pub fn conditions(mut self, conditions: Conditions) -> Self {
        self.conditions = conditions;
        self
    }

    /// Looks at this version.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }
}

/// What a write does about an object that is there already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PutMode {
    /// Replaces it.
    #[default]
    Overwrite,
    /// Fails with `AlreadyExists`.
    Create,
    /// Replaces it only if it has this etag; otherwise `PreconditionFailed`.
    IfMatch(String),
}

/// Options of [`Store::put`](crate::Store::put) and [`Store::start_multipart`](crate::Store::start_multipart).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct PutOptions {
    /// What to do about an object that is there already.
    pub mode: PutMode,
    /// Content type, metadata and the like to store with the object.
    pub attributes: Attributes,
    /// When the whole operation must have ended.
    pub deadline: Option<Instant>,
}

impl PutOptions {
    /// Overwrites, without attributes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the write mode.
    pub fn mode(mut self, mode: PutMode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets the attributes.
    pub fn attributes(mut self, attributes: Attributes) -> Self {
        self.attributes = attributes;
        self
    }

    /// Gives up at `deadline`.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }
}

/// Options of [`Store::copy`](crate::Store::copy).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CopyOptions {
    /// What to do about an object that is there already.
    pub mode: PutMode,
}

impl CopyOptions {
    /// Overwrites.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the write mode.
    pub fn mode(mut self, mode: PutMode) -> Self {
        self.mode = mode;
        self
    }
}

/// Options of [`Store::list`](crate::Store::list).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListOptions {
    /// Only keys that start with these bytes; not necessarily a whole path segment.
    pub prefix: String,
    /// Groups the keys that contain this string after the prefix into one [`ListEntry::Prefix`](crate::ListEntry::Prefix).
    pub delimiter: Option<String>,
    /// Only keys that sort after this one, byte by byte; grouping comes after this filter, as on S3.
    pub start_after: Option<String>,
}

impl ListOptions {
    /// Every key.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only keys that start with `prefix`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Groups keys at `delimiter`.
    pub fn delimiter(mut self, delimiter: impl Into<String>) -> Self {
        self.delimiter = Some(delimiter.into());
        self
    }

    /// Only what sorts after `key`.
    pub fn start_after(mut self, key: impl Into<String>) -> Self {
        self.start_after = Some(key.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn ranges_resolve_row_by_row() {
        for (range, size, expected) in [
            (GetRange::Bounded(0..10), 100, Ok(0..10)),
            (GetRange::Bounded(90..200), 100, Ok(90..100)),
            (GetRange::Bounded(100..101), 100, Err(ErrorKind::RangeNotSatisfiable)),
            (GetRange::Bounded(5..5), 100, Err(ErrorKind::InvalidInput)),
            (GetRange::Offset(40), 100, Ok(40..100)),
            (GetRange::Offset(100), 100, Err(ErrorKind::RangeNotSatisfiable)),
            (GetRange::Suffix(10), 100, Ok(90..100)),
            (GetRange::Suffix(1000), 100, Ok(0..100)),
            (GetRange::Suffix(10), 0, Ok(0..0)),
            (GetRange::Suffix(0), 100, Err(ErrorKind::InvalidInput)),
            (GetRange::Bounded(0..1), 0, Err(ErrorKind::RangeNotSatisfiable)),
        ] {
            assert_eq!(range.resolve(size).map_err(|error| error.kind()), expected, "{range:?} of {size}");
        }
    }

    #[test]
    fn conditions_hold_row_by_row() {
        let time = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let check = |set: fn(GetOptions) -> GetOptions| {
            set(GetOptions::new())
                .conditions
                .check(Some("\"e\""), Some(time(100)))
                .map_err(|error| error.kind())
        };
        assert_eq!(check(|o| o), Ok(()));
        assert_eq!(check(|o| o.if_match("\"e\"")), Ok(()));
        assert_eq!(check(|o| o.if_match("*")), Ok(()));
        assert_eq!(check(|o| o.if_match("\"x\"")), Err(ErrorKind::PreconditionFailed));
        assert_eq!(check(|o| o.if_none_match("\"x\"")), Ok(()));
        assert_eq!(check(|o| o.if_none_match("\"e\"")), Err(ErrorKind::NotModified));
        for (wanted, etag, holds) in [
            ("\"a\", \"b\"", "\"b\"", true),
            ("\"a,b\"", "\"a,b\"", true),
            ("\"a,b\"", "\"a", false),
            ("\"a,b\",W/\"c\"", "W/\"c\"", true),
            ("plain", "plain", true),
        ] {
            let conditions = GetOptions::new().if_match(wanted).conditions;
            assert_eq!(conditions.check(Some(etag), None).is_ok(), holds, "{wanted} and {etag}");
        }
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let conditions =
            |o: GetOptions| o.conditions.check(Some("\"e\""), Some(at(100))).map_err(|e| e.kind());
        assert_eq!(conditions(GetOptions::new().if_modified_since(at(99))), Ok(()));
        assert_eq!(conditions(GetOptions::new().if_modified_since(at(100))), Err(ErrorKind::NotModified));
        assert_eq!(conditions(GetOptions::new().if_unmodified_since(at(100))), Ok(()));
        assert_eq!(
            conditions(GetOptions::new().if_unmodified_since(at(99))),
            Err(ErrorKind::PreconditionFailed)
        );
        assert_eq!(
            conditions(GetOptions::new().if_match("\"e\"").if_unmodified_since(at(99))),
            Ok(()),
            "if_match makes if_unmodified_since void"
        );
    }
}
