//! The rows of the settings table that the program itself understands; the page of all settings has them too.

use rangeway::{Alias, Setting, SettingKind};

/// How many threads move bytes.
pub(crate) const THREADS: Setting = Setting::new(
    "threads",
    SettingKind::Count,
    "How many threads the program moves bytes on. Unless set, as many as there are cores, at most 32.",
)
.env(&["RANGEWAY_THREADS"])
.aliases(&[Alias::new("S3DLIO_RT_THREADS", "")]);

/// All of them.
pub(crate) const SETTINGS: &[Setting] = &[THREADS];
