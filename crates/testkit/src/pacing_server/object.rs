//! Objects that exist because their name says how large they are.

/// The size that the first segment of a key says: `1GiB/any/name`, `64KiB/7`, `4096/x`.
pub(super) fn size_of(key: &str) -> Option<u64> {
    let (segment, _) = key.split_once('/')?;
    let digits = segment.find(|c: char| !c.is_ascii_digit()).unwrap_or(segment.len());
    let (number, unit) = segment.split_at(digits);
    let factor: u64 = match unit {
        "" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// The quoted `ETag` of objects of this size: their bytes are the same.
pub(super) fn etag(size: u64) -> String {
    format!("\"{size:032x}\"")
}

/// Whether an `If-Match` header names this `ETag`.
pub(super) fn matches(if_match: &str, etag: &str) -> bool {
    if_match.split(',').map(str::trim).any(|candidate| candidate == "*" || candidate == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_row_by_row() {
        for (key, size) in [
            ("1GiB/any/name", Some(1 << 30)),
            ("64KiB/00017", Some(64 << 10)),
            ("4096/x", Some(4096)),
            ("3MiB/", Some(3 << 20)),
            ("0/empty", Some(0)),
            ("4096", None),
            ("1GB/x", None),
            ("MiB/x", None),
            ("-1/x", None),
            ("99999999999GiB/x", None),
            ("name/4096", None),
        ] {
            assert_eq!(size_of(key), size, "{key}");
        }
    }

    #[test]
    fn conditions_row_by_row() {
        let tag = etag(255);
        assert_eq!(tag, "\"000000000000000000000000000000ff\"");
        for (header, expected) in [
            (tag.clone(), true),
            (format!("\"other\", {tag}"), true),
            ("*".to_owned(), true),
            ("\"other\"".to_owned(), false),
        ] {
            assert_eq!(matches(&header, &tag), expected, "{header}");
        }
    }
}
