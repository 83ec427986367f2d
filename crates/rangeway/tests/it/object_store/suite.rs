//! Which functions are run, how, and which of them cannot pass where.
//!
//! These are not run at all, because they need more than an `ObjectStore`:
//!
//! | Function | Why |
//! |---|---|
//! | `multipart`, `multipart_with_opts`, `multipart_put_part_out_of_order` | need a `MultipartStore`: an upload of ours has no id that outlives its handle, and its parts know their offsets |
//! | `list_paginated` | needs a `PaginatedListStore`: pages are a backend's own affair |
//! | `response_extensions` | one result comes of many responses, and the HTTP client is our own |

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use object_store::{DynObjectStore, Error, integration};

/// What `object_store` tests that a store of ours cannot pass: store, function, reason. A row whose function
/// passes after all fails its test, so that the table stays true.
const CANNOT_PASS: [(&str, &str, &str); 0] = [];

/// Runs one function; `false` when it panicked, which is how the functions fail.
pub(crate) async fn passes(function: &str, store: &DynObjectStore, supports_update: bool) -> bool {
    AssertUnwindSafe(run(function, store, supports_update)).catch_unwind().await.is_ok()
}

async fn run(function: &str, store: &DynObjectStore, supports_update: bool) {
    match function {
        "put_get_delete_list" => integration::put_get_delete_list(store).await,
        "put_get_attributes" => integration::put_get_attributes(store).await,
        "get_opts" => integration::get_opts(store).await,
        "put_opts" => integration::put_opts(store, supports_update).await,
        "stream_get" => integration::stream_get(store).await,
        "list_uses_directories_correctly" => integration::list_uses_directories_correctly(store).await,
        "list_with_delimiter" => integration::list_with_delimiter(store).await,
        "list_with_offset_exclusivity" => integration::list_with_offset_exclusivity(store).await,
        "get_nonexistent_object" => {
            let error =
                integration::get_nonexistent_object(store, None).await.expect_err("it does not exist");
            assert!(matches!(error, Error::NotFound { .. }), "{error}");
        }
        "rename_and_copy" => integration::rename_and_copy(store).await,
        "copy_if_not_exists" => integration::copy_if_not_exists(store).await,
        "copy_rename_nonexistent_object" => integration::copy_rename_nonexistent_object(store).await,
        "multipart_race_condition" => integration::multipart_race_condition(store, true).await,
        "multipart_out_of_order" => integration::multipart_out_of_order(store).await,
        _ => panic!("no function {function}"),
    }
}

/// Compares what happened with the table.
pub(crate) fn check(store: &str, function: &str, passed: bool) {
    let row = CANNOT_PASS.iter().find(|row| (row.0, row.1) == (store, function));
    match (row, passed) {
        (None, true) | (Some(_), false) => {}
        (None, false) => panic!("{function} failed on {store}: see above"),
        (Some((_, _, reason)), true) => panic!("{function} passes on {store}; remove its row: {reason}"),
    }
}

/// One test per function. `$run` is an async function from the function's name to its outcome.
macro_rules! suite {
    ($run:path) => {
        $crate::object_store::suite::suite! { $run:
            put_get_delete_list, put_get_attributes, get_opts, put_opts, stream_get,
            list_uses_directories_correctly, list_with_delimiter, list_with_offset_exclusivity,
            get_nonexistent_object, rename_and_copy, copy_if_not_exists, copy_rename_nonexistent_object,
            multipart_race_condition, multipart_out_of_order
        }
    };
    ($run:path: $($function:ident),*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $function() {
                $run(stringify!($function)).await;
            }
        )*
    };
}
pub(crate) use suite;
