//! The conformance suite: what every store must do, one public function per sentence.

#![allow(clippy::missing_panics_doc, reason = "a case panics where the store is wrong: that is its purpose")]

mod conditions;
mod copy;
mod delete;
mod fixture;
mod get;
mod keys;
mod list;
mod multipart;
mod put;
mod ranges;
mod run;
mod sizes;
mod support;

pub use fixture::{Fixture, Gap};
pub use run::{run, summary};

/// The one list of cases, by the file they stand in; hands them to the macro `$then`.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_cases {
    ($then:path, $($argument:tt)*) => {
        $then! {
            [$($argument)*]
            get {
                get_whole get_one_byte get_empty get_missing get_every_way_of_reading get_of_an_old_version
                head_agrees_with_get head_missing
            }
            ranges {
                range_bounded range_offset range_suffix range_cut_at_the_end range_longer_suffix
                range_beyond_the_end range_empty_is_refused range_of_an_empty_object range_of_one_byte
            }
            conditions {
                condition_if_match condition_if_none_match condition_if_modified_since
                condition_if_unmodified_since condition_with_a_range condition_on_head
            }
            put {
                put_overwrites put_create_only put_create_only_race put_if_match put_if_match_without_object
                put_attributes put_metadata_with_dashes put_rope put_region put_stream_of_known_length put_stream_of_unknown_length
                put_empty_stream put_stream_too_short put_stream_too_long put_stream_that_breaks
                put_body_of_a_read put_that_fails_keeps_the_old
            }
            multipart {
                multipart_parts_out_of_order multipart_parts_at_once multipart_of_one_part
                multipart_part_sent_again multipart_invisible_until_completed multipart_over_an_object
                multipart_abort_leaves_nothing multipart_attributes multipart_create_only
            }
            list {
                list_empty list_in_byte_order list_reports_what_head_reports list_prefix_within_a_name
                list_prefix_that_is_a_key list_delimiter list_delimiter_other_than_slash
                list_delimiter_of_two_characters list_start_after list_start_after_with_prefix
                list_start_after_with_delimiter list_more_than_one_page list_dropped_early
            }
            delete {
                delete_each_key_reports delete_missing_is_success delete_no_keys delete_more_than_one_batch
                delete_makes_room_for_a_shorter_key
            }
            copy {
                copy_overwrites copy_create_only copy_missing_source copy_keeps_attributes copy_empty copy_large
            }
            keys {
                key_empty_is_refused key_below_another key_double_slash key_trailing_slash key_leading_slash
                key_dot key_dot_dot key_dot_dot_inside key_dot_inside key_percent key_plus key_space
                key_leading_space key_trailing_space key_quotes key_xml key_emoji key_combining key_backslash
                key_question_mark key_hash key_asterisk key_colon key_newline key_control key_of_1024_bytes
                key_of_many_segments
            }
            sizes {
                sizes_around_powers_of_two large_rope large_stream_of_unknown_length large_region
                large_every_way_of_reading large_range_in_the_middle large_copy_between_objects
                large_stream_that_breaks large_overwritten_midway large_deleted_midway
            }
        }
    };
}

macro_rules! export {
    ([] $($file:ident { $($case:ident)+ })+) => {
        $(pub use $file::{$($case),+};)+

        /// The name of every case.
        pub const CASES: &[&str] = &[$($(stringify!($case)),+),+];
    };
}

crate::__conformance_cases!(export,);

/// What [`conformance!`](crate::conformance) makes of the list.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_tests {
    ([$fixture:path] $($file:ident { $($case:ident)+ })+) => {
        $($(
            #[test]
            fn $case() {
                $crate::conformance::run(stringify!($case), $fixture, |fixture| {
                    ::std::boxed::Box::pin($crate::conformance::$case(fixture))
                });
            }
        )+)+

        #[test]
        fn gaps_are_named_and_counted() {
            $crate::conformance::summary($fixture);
        }
    };
}

/// One test per case of the suite, for the store of a fixture.
///
/// The argument is the path of an `async fn() -> impl Fixture` that makes a fresh, empty store; every test calls it
/// once, on a multi-threaded runtime of its own, and is bounded in time. See `conformance::Fixture`.
///
/// ```
/// use std::sync::Arc;
/// use rangeway_core::{MemoryStore, Store};
/// use rangeway_testkit::conformance::Fixture;
///
/// async fn memory() -> impl Fixture {
///     Arc::new(MemoryStore::new("suite")) as Arc<dyn Store>
/// }
///
/// mod conformance {
///     rangeway_testkit::conformance!(super::memory);
/// }
/// ```
#[macro_export]
macro_rules! conformance {
    ($fixture:path) => {
        $crate::__conformance_cases!($crate::__conformance_tests, $fixture);
    };
}
