//! `Setting` rows and `Settings`: the one table behind the environment, `?name=value` and `-o name=value`.
//! Order: flag, then URI, then environment, then default.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use values::{parse_rate, parse_size};

use crate::{Env, Error, Operation, Result, StoreUri};

mod values;

/// One setting that some crate understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its name in `?name=value` and `-o name=value`: lower case with dashes.
    pub key: &'static str,
    /// Environment variables that set it: the first one that has a value counts.
    pub env: &'static [&'static str],
    /// Variables of the program that rangeway started from, after its own.
    pub aliases: &'static [Alias],
    /// What its value looks like.
    pub kind: SettingKind,
    /// Its default as a user would write it; `None` when it depends, as `doc` says.
    pub default: Option<&'static str>,
    /// What it does, in one or two sentences.
    pub doc: &'static str,
}

impl Setting {
    /// A setting without environment variables and default.
    pub const fn new(key: &'static str, kind: SettingKind, doc: &'static str) -> Self {
        Self { key, env: &[], aliases: &[], kind, default: None, doc }
    }

    /// Sets the environment variables.
    pub const fn env(mut self, names: &'static [&'static str]) -> Self {
        self.env = names;
        self
    }

    /// Sets the variables of s3dlio that mean the same, each with the unit that its bare numbers have.
    pub const fn aliases(mut self, aliases: &'static [Alias]) -> Self {
        self.aliases = aliases;
        self
    }

    /// Sets the default.
    pub const fn default(mut self, value: &'static str) -> Self {
        self.default = Some(value);
        self
    }

    /// Whether `name` means this setting; dashes and underscores are the same.
    pub fn is_named(&self, name: &str) -> bool {
        same_name(self.key, name)
    }
}

/// A variable of another program that sets a setting of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alias {
    /// The variable.
    pub name: &'static str,
    /// What follows its number to make a value of ours: `MiB`, `ms`; empty where the values are the same.
    pub unit: &'static str,
}

impl Alias {
    /// The variable `name`, whose bare numbers have this unit.
    pub const fn new(name: &'static str, unit: &'static str) -> Self {
        Self { name, unit }
    }
}

/// Whether two setting names are the same but for dashes and underscores.
fn same_name(left: &str, right: &str) -> bool {
    let plain = |c: u8| if c == b'_' { b'-' } else { c.to_ascii_lowercase() };
    left.bytes().map(plain).eq(right.bytes().map(plain))
}

/// The shape of a setting's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingKind {
    /// Any text.
    Text,
    /// Any text, never shown.
    Secret,
    /// `true` or `false`; also `1`/`0`, `yes`/`no`, `on`/`off`.
    Flag,
    /// A whole number.
    Count,
    /// A number of bytes: `8MiB`, `512KiB`, `1GB`, `4096`.
    Size,
    /// A time: `30s`, `500ms`, `2m`; a bare number is seconds.
    Duration,
    /// A number of bytes per second: `25Gbit/s`, `800MB/s`, `1GiB/s`.
    Rate,
}

impl SettingKind {
    /// What a value looks like, in words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Secret => "text (secret)",
            Self::Flag => "true or false",
            Self::Count => "a whole number",
            Self::Size => "a size like 8MiB",
            Self::Duration => "a time like 30s",
            Self::Rate => "a rate like 25Gbit/s or 800MB/s",
        }
    }
}

/// The values given for settings, by layer.
#[derive(Clone, Default)]
pub struct Settings {
    flags: Vec<(String, String)>,
    uri: Vec<(String, String)>,
    env: Env,
    /// Aliases whose use has been noted: once is enough.
    noted: Arc<Mutex<BTreeSet<&'static str>>>,
}

impl Settings {
    /// The settings of this environment.
    pub fn new(env: Env) -> Self {
        Self { env, ..Self::default() }
    }

    /// Sets one value above all others, as `-o name=value` does.
    pub fn set(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.flags.push((name.into(), value.into()));
        self
    }

    /// These settings with those of `uri` between flags and environment.
    pub fn for_uri(&self, uri: &StoreUri) -> Self {
        Self { uri: uri.settings().to_vec(), ..self.clone() }
    }

    /// The environment, for what is no setting of ours (`~`, `AWS_PROFILE` files).
    pub fn environment(&self) -> &Env {
        &self.env
    }

    /// The names set by flags.
    pub fn flag_names(&self) -> impl Iterator<Item = &str> {
        self.flags.iter().map(|(name, _)| name.as_str())
    }

    /// Whether a flag or the URI sets it, so that it counts more than what the environment says of other settings.
    pub fn is_explicit(&self, setting: &Setting) -> bool {
        self.flags.iter().chain(&self.uri).any(|(name, _)| setting.is_named(name))
    }

    /// The value as text.
    pub fn text(&self, setting: &Setting) -> Option<String> {
        self.find(setting).map(|(value, _)| value)
    }

    /// The value of a [`SettingKind::Flag`].
    ///
    /// # Errors
    /// `InvalidInput` that names the variable or option.
    pub fn flag(&self, setting: &Setting) -> Result<Option<bool>> {
        self.parse(setting, |value| match value.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Some(true),
            "false" | "0" | "no" | "off" => Some(false),
            _ => None,
        })
    }

    /// The value of a [`SettingKind::Count`].
    ///
    /// # Errors
    /// `InvalidInput` that names the variable or option.
    pub fn count<T: FromStr>(&self, setting: &Setting) -> Result<Option<T>> {
        self.parse(setting, |value| value.parse().ok())
    }

    /// The value of a [`SettingKind::Size`], in bytes.
    ///
    /// # Errors
    /// `InvalidInput` that names the variable or option.
    pub fn size(&self, setting: &Setting) -> Result<Option<u64>> {
        self.parse(setting, parse_size)
    }

    /// The value of a [`SettingKind::Duration`].
    ///
    /// # Errors
    /// `InvalidInput` that names the variable or option.
    pub fn duration(&self, setting: &Setting) -> Result<Option<Duration>> {
        self.parse(setting, |value| match value.parse() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => humantime::parse_duration(value).ok(),
        })
    }

    /// The value of a [`SettingKind::Rate`], in bytes per second.
    ///
    /// # Errors
    /// `InvalidInput` that names the variable or option.
    pub fn rate(&self, setting: &Setting) -> Result<Option<u64>> {
        self.parse(setting, parse_rate)
    }

    /// The value and where it was found, in words.
    fn find(&self, setting: &Setting) -> Option<(String, String)> {
        let named = |layer: &[(String, String)], place: &dyn Fn(&str) -> String| {
            let (name, value) = layer.iter().rev().find(|(name, _)| setting.is_named(name))?;
            Some((value.clone(), place(name)))
        };
        named(&self.flags, &|name| format!("the option {name}"))
            .or_else(|| named(&self.uri, &|name| format!("the URI setting {name}")))
            .or_else(|| {
                setting.env.iter().find_map(|name| {
                    Some((self.env.get(name)?.to_owned(), format!("the environment variable {name}")))
                })
            })
            .or_else(|| setting.aliases.iter().find_map(|alias| self.find_alias(setting, alias)))
            .or_else(|| Some((setting.default?.to_owned(), format!("the default of {}", setting.key))))
    }

    fn find_alias(&self, setting: &Setting, alias: &Alias) -> Option<(String, String)> {
        let value = self.env.get(alias.name)?.trim();
        if self.noted.lock().unwrap_or_else(PoisonError::into_inner).insert(alias.name) {
            tracing::info!(variable = alias.name, setting = setting.key, "used as an alias");
        }
        let is_bare = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let unit = if is_bare { alias.unit } else { "" };
        Some((format!("{value}{unit}"), format!("the environment variable {}", alias.name)))
    }

    fn parse<T>(&self, setting: &Setting, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
        let Some((value, place)) = self.find(setting) else { return Ok(None) };
        match parse(value.trim()) {
            Some(parsed) => Ok(Some(parsed)),
            None => Err(Error::invalid(format!("{place} is {value:?}, not {}", setting.kind.describe()))
                .with_operation(Operation::Configure)),
        }
    }
}

/// Shows which settings are given, never their values: some are secrets.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names =
            |layer: &[(String, String)]| layer.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        f.debug_struct("Settings")
            .field("flags", &names(&self.flags))
            .field("uri", &names(&self.uri))
            .finish_non_exhaustive()
    }
}

/// The name among `known` that `name` is probably meant to be.
pub(crate) fn closest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = name.len().div_ceil(3).max(2);
    known
        .map(|candidate| (edit_distance(&name.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The Levenshtein distance of two strings, in bytes.
fn edit_distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.bytes().enumerate() {
            let substitute = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: Setting = Setting::new("part-size", SettingKind::Size, "x").env(&["RW_PART"]).default("8MiB");
    const WAIT: Setting = Setting::new("wait", SettingKind::Duration, "x");
    const HTTP: Setting = Setting::new("allow-http", SettingKind::Flag, "x");

    #[test]
    fn layers_override_each_other_in_order() -> Result<()> {
        let plain = Settings::new(Env::empty());
        assert_eq!(plain.size(&PART)?, Some(8 << 20));
        let env = Settings::new([("RW_PART", "1MiB")].into_iter().collect());
        assert_eq!((env.size(&PART)?, env.is_explicit(&PART)), (Some(1 << 20), false));
        let uri = env.for_uri(&"s3://b?part_size=2MiB".parse()?);
        assert_eq!((uri.size(&PART)?, uri.is_explicit(&PART)), (Some(2 << 20), true));
        assert_eq!(uri.set("part-size", "3MiB").size(&PART)?, Some(3 << 20));
        Ok(())
    }

    #[test]
    fn bad_values_name_where_they_stand() {
        let settings = Settings::new([("RW_PART", "lots")].into_iter().collect());
        let error = settings.size(&PART).expect_err("no size").to_string();
        assert!(error.contains("RW_PART") && error.contains("\"lots\""), "{error}");
        assert!(Settings::default().set("wait", "soon").duration(&WAIT).is_err());
        assert!(Settings::default().set("allow-http", "perhaps").flag(&HTTP).is_err());
    }

    #[test]
    fn durations_and_flags_are_read() -> Result<()> {
        let wait = |text: &str| Settings::default().set("wait", text).duration(&WAIT);
        assert_eq!(wait("30")?, Some(Duration::from_secs(30)));
        assert_eq!(wait("250ms")?, Some(Duration::from_millis(250)));
        assert_eq!(Settings::default().set("ALLOW_HTTP", "on").flag(&HTTP)?, Some(true));
        Ok(())
    }

    #[test]
    fn aliases_come_after_our_own_variables_and_bring_their_unit() -> Result<()> {
        const SIZE: Setting = PART.aliases(&[Alias::new("OLD_PART_MB", "MiB")]);
        let from = |pairs: &[(&'static str, &'static str)]| {
            Settings::new(pairs.iter().copied().collect()).size(&SIZE)
        };
        assert_eq!(from(&[("OLD_PART_MB", "16")])?, Some(16 << 20));
        assert_eq!(from(&[("OLD_PART_MB", "64KiB")])?, Some(64 << 10));
        assert_eq!(from(&[("OLD_PART_MB", "16"), ("RW_PART", "1MiB")])?, Some(1 << 20));
        let error = from(&[("OLD_PART_MB", "many")]).expect_err("no size").to_string();
        assert!(error.contains("OLD_PART_MB"), "{error}");
        Ok(())
    }

    #[test]
    fn typos_find_their_setting() {
        let known = || ["part-size", "region", "endpoint"].into_iter();
        assert_eq!(closest("part-sise", known()), Some("part-size"));
        assert_eq!(closest("endpont", known()), Some("endpoint"));
        assert_eq!(closest("zzz", known()), None);
    }

    #[test]
    fn debug_shows_no_values() {
        let shown = format!("{:?}", Settings::default().set("secret", "hunter2"));
        assert!(shown.contains("secret") && !shown.contains("hunter2"));
    }
}
