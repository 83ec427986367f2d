//! Options, metadata and attributes, from and to the types of `object_store`.

use std::time::SystemTime;

use object_store::path::Path;
use object_store::{
    Attribute, Attributes as TheirAttributes, CopyMode, Extensions, GetOptions as TheirGetOptions,
    GetRange as TheirGetRange, ObjectMeta as TheirMeta, PutMode as TheirPutMode, PutPayload, PutResult,
};
use rangeway_core::{
    Attributes, Conditions, GetOptions, GetRange, HeadOptions, Key, ObjectMeta, Payload, PutMode, PutResponse,
};

use super::error::{generic, not_implemented};

pub(super) fn key(location: &Path) -> Key {
    Key::from(location.as_ref())
}

/// The path that names exactly this key, if there is one.
pub(super) fn path(key: &str) -> Option<Path> {
    Path::parse(key).ok().filter(|path| path.as_ref() == key && !path.is_root())
}

/// A store that gives no time says 1970.
pub(super) fn meta(location: Path, meta: ObjectMeta) -> TheirMeta {
    TheirMeta {
        location,
        last_modified: meta.last_modified.unwrap_or(SystemTime::UNIX_EPOCH).into(),
        size: meta.size,
        e_tag: meta.etag,
        version: meta.version,
    }
}

pub(super) fn put_result(response: PutResponse) -> PutResult {
    PutResult { e_tag: response.etag, version: response.version, extensions: Extensions::default() }
}

pub(super) fn payload(payload: PutPayload) -> Payload {
    payload.into_iter().collect::<Vec<_>>().into()
}

pub(super) fn range(range: TheirGetRange) -> GetRange {
    match range {
        TheirGetRange::Bounded(range) => GetRange::Bounded(range),
        TheirGetRange::Offset(start) => GetRange::Offset(start),
        TheirGetRange::Suffix(length) => GetRange::Suffix(length),
    }
}

pub(super) fn get_options(options: TheirGetOptions) -> GetOptions {
    let mut get = GetOptions::new().full_meta();
    get.range = options.range.clone().map(range);
    get.version.clone_from(&options.version);
    get.conditions(conditions(options))
}

pub(super) fn head_options(options: TheirGetOptions) -> HeadOptions {
    let mut head = HeadOptions::new();
    head.version.clone_from(&options.version);
    head.conditions(conditions(options))
}

fn conditions(options: TheirGetOptions) -> Conditions {
    let mut conditions = Conditions::default();
    conditions.if_match = options.if_match;
    conditions.if_none_match = options.if_none_match;
    conditions.if_modified_since = options.if_modified_since.map(SystemTime::from);
    conditions.if_unmodified_since = options.if_unmodified_since.map(SystemTime::from);
    conditions
}

pub(super) fn put_mode(mode: TheirPutMode) -> object_store::Result<PutMode> {
    match mode {
        TheirPutMode::Overwrite => Ok(PutMode::Overwrite),
        TheirPutMode::Create => Ok(PutMode::Create),
        TheirPutMode::Update(version) => match version.e_tag {
            Some(etag) => Ok(PutMode::IfMatch(etag)),
            None => Err(generic("an update needs the etag of the version that it replaces")),
        },
    }
}

pub(super) fn copy_mode(mode: CopyMode) -> PutMode {
    match mode {
        CopyMode::Overwrite => PutMode::Overwrite,
        CopyMode::Create => PutMode::Create,
    }
}

/// The attributes to store; one that is not known here is refused, not dropped.
pub(super) fn attributes(theirs: &TheirAttributes) -> object_store::Result<Attributes> {
    let mut ours = Attributes::new();
    for (name, value) in theirs {
        let value = value.to_string();
        match name {
            Attribute::ContentType => ours.content_type = Some(value),
            Attribute::ContentEncoding => ours.content_encoding = Some(value),
            Attribute::ContentLanguage => ours.content_language = Some(value),
            Attribute::ContentDisposition => ours.content_disposition = Some(value),
            Attribute::CacheControl => ours.cache_control = Some(value),
            Attribute::StorageClass => ours.storage_class = Some(value),
            Attribute::Metadata(name) => ours = ours.metadata(name, value),
            other => return Err(not_implemented(&format!("the attribute {other:?}"), &"rangeway")),
        }
    }
    Ok(ours)
}

pub(super) fn their_attributes(ours: Attributes) -> TheirAttributes {
    let fields = [
        (Attribute::ContentType, ours.content_type),
        (Attribute::ContentEncoding, ours.content_encoding),
        (Attribute::ContentLanguage, ours.content_language),
        (Attribute::ContentDisposition, ours.content_disposition),
        (Attribute::CacheControl, ours.cache_control),
        (Attribute::StorageClass, ours.storage_class),
    ];
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let metadata = ours.metadata.into_iter().map(|(name, value)| (Attribute::Metadata(name.into()), value));
    fields.chain(metadata).collect()
}

#[cfg(test)]
mod tests {
    use object_store::UpdateVersion;

    use super::*;

    #[test]
    fn only_keys_that_round_trip_have_a_path() {
        for (key, expected) in [
            ("a", true),
            ("a/b c/%41/~🙀.txt", true),
            ("", false),
            ("/", false),
            ("/a", false),
            ("a/", false),
            ("a//b", false),
            ("a/./b", false),
            ("..", false),
            ("a\nb", false),
        ] {
            assert_eq!(path(key).is_some(), expected, "{key:?}");
        }
    }

    #[test]
    fn attributes_come_back_as_they_went() {
        let theirs = TheirAttributes::from_iter([
            (Attribute::ContentType, "text/html"),
            (Attribute::ContentEncoding, "gzip"),
            (Attribute::ContentLanguage, "en"),
            (Attribute::ContentDisposition, "inline"),
            (Attribute::CacheControl, "no-store"),
            (Attribute::StorageClass, "STANDARD_IA"),
            (Attribute::Metadata("owner".into()), "ann"),
        ]);
        let ours = attributes(&theirs).expect("all known");
        assert_eq!(their_attributes(ours), theirs);
    }

    #[test]
    fn put_modes_row_by_row() {
        let update = |e_tag: Option<&str>| {
            let version = UpdateVersion { e_tag: e_tag.map(str::to_owned), version: None };
            put_mode(TheirPutMode::Update(version)).ok()
        };
        assert_eq!(put_mode(TheirPutMode::Overwrite).ok(), Some(PutMode::Overwrite));
        assert_eq!(put_mode(TheirPutMode::Create).ok(), Some(PutMode::Create));
        assert_eq!(update(Some("\"1\"")), Some(PutMode::IfMatch("\"1\"".to_owned())));
        assert_eq!(update(None), None);
    }
}
