//! The conformance suite over s3s-fs, an S3 server that keeps its objects in files.

use rangeway_testkit::S3Server;
use rangeway_testkit::conformance::{Fixture, Gap};

use crate::support::{BUCKET, OnServer, open, settings};

const FOLDERS: &str = "s3s-fs keeps objects as files: a key cannot lie below another";
const PATHS: &str = "s3s-fs takes keys for paths: it cleans them up or fails with a 500";
const NAMES: &str = "s3s-fs takes the segments of keys for names of files, which are 255 bytes long at most";

const GAPS: &[Gap] = &[
    Gap::new("delete_makes_room_for_a_shorter_key", FOLDERS),
    Gap::new("get_missing", "s3s-fs answers 500 to a read of what is a folder to it"),
    Gap::new("key_below_another", FOLDERS),
    Gap::new("key_dot", PATHS),
    Gap::new("key_dot_dot", PATHS),
    Gap::new("key_dot_dot_inside", PATHS),
    Gap::new("key_dot_inside", PATHS),
    Gap::new("key_double_slash", PATHS),
    Gap::new("key_leading_slash", PATHS),
    Gap::new("key_of_1024_bytes", NAMES),
    Gap::new("key_of_many_segments", NAMES),
    Gap::new("key_trailing_slash", "s3s-fs refuses content for keys that end with a slash"),
    Gap::new("list_delimiter_of_two_characters", "s3s-fs looks at the first character of a delimiter only"),
    Gap::new("list_start_after_with_delimiter", "s3s-fs groups before it skips"),
    Gap::new(
        "multipart_abort_leaves_nothing",
        "s3s-fs answers AccessDenied to the abort of an upload that has ended",
    ),
    Gap::sometimes("put_create_only_race", "s3s-fs checks and writes in two steps"),
    Gap::new("range_longer_suffix", "s3s-fs answers 500 to a suffix longer than the object"),
    Gap::new("range_of_an_empty_object", "s3s-fs fails to answer a range of an empty object"),
];

async fn fresh() -> impl Fixture {
    let server = S3Server::start().expect("a free port");
    server.create_bucket(BUCKET).expect("a new folder");
    OnServer { store: open(&settings(&server)), _server: server, gaps: GAPS }
}

rangeway_testkit::conformance!(fresh);
