//! Tests of the headers, row by row and by properties.

use proptest::prelude::*;
use rangeway_core::ErrorKind;

use super::*;

#[test]
fn content_ranges_row_by_row() {
    let full = |range: Range<u64>, size| Some(ContentRange { range: Some(range), size });
    for (value, expected) in [
        ("bytes 0-99/1000", full(0..100, Some(1000))),
        ("bytes 999-999/1000", full(999..1000, Some(1000))),
        ("bytes 0-99/*", full(0..100, None)),
        ("bytes */1000", Some(ContentRange { range: None, size: Some(1000) })),
        ("bytes */0", Some(ContentRange { range: None, size: Some(0) })),
        ("bytes */*", None),
        ("bytes 5-4/1000", None),
        ("bytes 0-1000/1000", None),
        ("bytes 0-18446744073709551615/*", None),
        ("bytes +0-9/10", None),
        ("bytes -9/10", None),
        ("bytes 0-9", None),
        ("items 0-9/10", None),
        ("", None),
    ] {
        assert_eq!(ContentRange::parse(value), expected, "{value:?}");
    }
}

#[test]
fn ranges_row_by_row() {
    for (given, expected) in [
        (GetRange::Bounded(0..1), "bytes=0-0"),
        (GetRange::Bounded(5..u64::MAX), "bytes=5-18446744073709551614"),
        (GetRange::Offset(7), "bytes=7-"),
        (GetRange::Suffix(9), "bytes=-9"),
    ] {
        assert_eq!(range(&given).expect("valid"), expected);
    }
    assert_eq!(range(&GetRange::Bounded(3..3)).expect_err("empty").kind(), ErrorKind::InvalidInput);
}

#[test]
fn retry_after_row_by_row() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    for (value, seconds) in [
        ("0", Some(0)),
        (" 120 ", Some(120)),
        ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30)),
        ("Sun, 06 Nov 1994 08:49:07 GMT", Some(0)),
        ("-1", None),
        ("soon", None),
    ] {
        assert_eq!(retry_after(value, now), seconds.map(Duration::from_secs), "{value:?}");
    }
}

#[test]
fn conditions_become_headers() {
    let mut headers = HeaderMap::new();
    let conditions = rangeway_core::GetOptions::new()
        .if_match("\"a\"")
        .if_none_match("*")
        .if_modified_since(SystemTime::UNIX_EPOCH)
        .if_unmodified_since(SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777))
        .conditions;
    put_conditions(&mut headers, &conditions).expect("valid");
    assert_eq!(headers["if-match"], "\"a\"");
    assert_eq!(headers["if-none-match"], "*");
    assert_eq!(headers["if-modified-since"], "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_eq!(headers["if-unmodified-since"], "Sun, 06 Nov 1994 08:49:37 GMT");
    for time in [
        SystemTime::UNIX_EPOCH - Duration::from_secs(1),
        SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40),
    ] {
        let conditions = rangeway_core::GetOptions::new().if_modified_since(time).conditions;
        assert_eq!(
            put_conditions(&mut headers, &conditions).expect_err("no date").kind(),
            ErrorKind::InvalidInput
        );
    }
}

#[test]
fn what_would_not_come_back_is_refused() {
    for text in ["\u{e9}", "a\nb", " a", "a ", "\u{7f}", "\t"] {
        assert_eq!(value("x", text).expect_err(text).kind(), ErrorKind::InvalidInput, "{text:?}");
    }
    let odd_name = Attributes::new().metadata("a b", "c");
    assert!(put_attributes(&mut HeaderMap::new(), "x-amz-", &odd_name).is_err());
}

#[test]
fn dates_and_etags_are_read() {
    let mut headers = HeaderMap::new();
    assert_eq!((etag(&headers), last_modified(&headers)), (None, None));
    headers.insert("etag", HeaderValue::from_static("\"e\""));
    headers.insert("last-modified", HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"));
    assert_eq!(etag(&headers).as_deref(), Some("\"e\""));
    assert_eq!(last_modified(&headers), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777)));
}

proptest! {
    #[test]
    fn content_ranges_never_panic(value in ".*") {
        ContentRange::parse(&value);
        ContentRange::parse(&format!("bytes {value}"));
    }

    #[test]
    fn content_ranges_parse_back(start in 0..u64::MAX - 1, length in 1..1_000_000u64, more in 0..1_000_000u64) {
        let end = start.saturating_add(length).min(u64::MAX - 1).max(start + 1);
        let size = end.saturating_add(more);
        let text = format!("bytes {start}-{}/{size}", end - 1);
        prop_assert_eq!(ContentRange::parse(&text), Some(ContentRange { range: Some(start..end), size: Some(size) }));
    }

    #[test]
    fn attributes_come_back(
        content_type in proptest::option::of("[!-~]([ -~]{0,20}[!-~])?"),
        class in proptest::option::of("[A-Z_]{1,20}"),
        metadata in proptest::collection::btree_map("[a-z0-9_-]{1,10}", "([!-~]([ -~]{0,20}[!-~])?)?", 0..4),
    ) {
        let mut given = Attributes::new();
        given.content_type = content_type;
        given.storage_class = class;
        given.metadata = metadata;
        let mut headers = HeaderMap::new();
        put_attributes(&mut headers, "x-amz-", &given).expect("valid");
        prop_assert_eq!(attributes(&headers, "x-amz-"), given);
    }
}
