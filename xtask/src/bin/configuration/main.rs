//! Writes docs/configuration.md from the settings of all linked backends, and the table in README.md from their stores;
//! `cargo xtask docs` runs it.
//! A program of its own, so that the other chores work while the library doesn't build.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people at a terminal")]

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use rangeway::{Registry, Setting};

mod capabilities;
#[path = "../../../../crates/cli/src/settings.rs"]
mod program;

const PAGE: &str = "docs/configuration.md";
const README: &str = "README.md";

/// Writes docs/configuration.md, and the table in README.md.
#[derive(Parser)]
struct Args {
    /// Writes nothing, and fails when the page is out of date.
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a directory of the workspace");
    let readme = fs::read_to_string(root.join(README)).with_context(|| format!("reading {README}"))?;
    let pages = [
        (PAGE, page(&backends(&Registry::linked()), program::SETTINGS)),
        (README, capabilities::fill(&readme)?),
    ];
    for (name, page) in pages {
        let path = root.join(name);
        if !args.check {
            fs::write(&path, page).with_context(|| format!("writing {name}"))?;
            continue;
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        if let Some(line) = first_difference(&found, &page) {
            bail!("{name}:{line}: not what the code says; run: cargo xtask docs");
        }
        println!("{name} is up to date");
    }
    Ok(())
}

/// What the page says of a backend.
struct Backend {
    name: &'static str,
    schemes: Vec<&'static str>,
    settings: Vec<&'static Setting>,
}

fn backends(registry: &Registry) -> Vec<Backend> {
    let backends = registry.backends();
    let backends = backends.iter().map(|backend| Backend {
        name: backend.name(),
        schemes: backend.schemes().to_vec(),
        settings: backend.settings(),
    });
    backends.collect()
}

const INTRODUCTION: &str = "\
# Configuration

<!-- Written by `cargo xtask docs` from the settings table. Change the table, not this page. -->

A setting can be given in four places. The first of them that has a value counts:

1. an option of the program, as in `-o part-size=16MiB`, or `Settings::set` in the library;
2. the URI, as in `s3://bucket/key?part-size=16MiB`;
3. the environment: the first of the setting's variables that is not empty;
4. its default.

Dashes and underscores in names are the same. A value that can't be read is an error that says where it stands, and an
unknown name is an error that suggests the closest one.
";

fn page(backends: &[Backend], of_program: &[Setting]) -> String {
    let mut lines = vec![INTRODUCTION.to_owned(), "| Backend | Schemes |".to_owned(), "|---|---|".to_owned()];
    for Backend { name, schemes, .. } in backends {
        let schemes: Vec<_> = schemes.iter().map(|scheme| format!("`{scheme}://`")).collect();
        lines.push(format!("| {name} | {} |", schemes.join(", ")));
    }
    for (names, settings) in sections(backends) {
        lines.push(table(&in_words(&names), settings));
    }
    lines.push(table("the program, as options or in the environment", of_program));
    lines.join("\n") + "\n"
}

fn table<'a>(whose: &str, settings: impl IntoIterator<Item = &'a Setting>) -> String {
    let head = "| Setting | Environment | Value | Default | What it does |\n|---|---|---|---|---|";
    let rows: Vec<_> = settings.into_iter().map(row).collect();
    format!("\n## Settings of {whose}\n\n{head}\n{}", rows.join("\n"))
}

/// Settings by the backends that share them, those of most backends first, each in the order of its table.
fn sections(backends: &[Backend]) -> Vec<(Vec<&'static str>, Vec<&'static Setting>)> {
    let mut sections: Vec<(Vec<&str>, Vec<&Setting>)> = Vec::new();
    for setting in backends.iter().flat_map(|backend| &backend.settings) {
        let sharing = backends.iter().filter(|backend| backend.settings.contains(setting));
        let names: Vec<_> = sharing.map(|backend| backend.name).collect();
        match sections.iter_mut().find(|(found, _)| *found == names) {
            Some((_, settings)) if settings.contains(setting) => {}
            Some((_, settings)) => settings.push(setting),
            None => sections.push((names, vec![setting])),
        }
    }
    sections.sort_by_key(|(names, _)| std::cmp::Reverse(names.len()));
    sections
}

fn row(setting: &Setting) -> String {
    let Setting { key, env, aliases, kind, default, doc } = *setting;
    let aliases = aliases.iter().map(|alias| alias.name);
    let variables: Vec<_> = env.iter().copied().chain(aliases).map(|name| format!("`{name}`")).collect();
    let default = default.map_or_else(String::new, |default| format!("`{default}`"));
    let cells =
        [format!("`{key}`"), variables.join(", "), kind.describe().to_owned(), default, doc.to_owned()];
    let cells = cells.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
    format!("| {} |", cells.join(" | "))
}

/// `a`, `a and b`, `a, b and c`.
fn in_words(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [name] => (*name).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The first line, from 1, in which two texts differ.
fn first_difference(left: &str, right: &str) -> Option<usize> {
    if left == right {
        return None;
    }
    let same = left.lines().zip(right.lines()).take_while(|(left, right)| left == right);
    Some(same.count() + 1)
}

#[cfg(test)]
mod tests {
    use rangeway::SettingKind;

    use super::*;

    const PART: Setting = Setting::new("part-size", SettingKind::Size, "Bytes per part.").default("8MiB");
    const SMALL_PART: Setting =
        Setting::new("part-size", SettingKind::Size, "Bytes per part.").default("1MiB");
    const TLS: Setting = Setting::new("tls", SettingKind::Text, "`on|off`.").env(&["RW_TLS", "TLS"]);
    const KEY: Setting = Setting::new("key", SettingKind::Secret, "The key.");

    fn backend(name: &'static str, settings: Vec<&'static Setting>) -> Backend {
        Backend { name, schemes: vec![name], settings }
    }

    #[test]
    fn settings_stand_once_and_with_all_backends_that_share_them() {
        let backends = [
            backend("azure", vec![&KEY, &PART, &TLS]),
            backend("file", vec![&SMALL_PART]),
            backend("gcs", vec![&PART, &TLS]),
            backend("s3", vec![&PART, &TLS]),
        ];
        let expected = vec![
            (vec!["azure", "gcs", "s3"], vec![&PART, &TLS]),
            (vec!["azure"], vec![&KEY]),
            (vec!["file"], vec![&SMALL_PART]),
        ];
        assert_eq!(sections(&backends), expected);
    }

    #[test]
    fn a_row_has_all_that_the_table_says() {
        for (setting, expected) in [
            (PART, "| `part-size` |  | a size like 8MiB | `8MiB` | Bytes per part. |"),
            (TLS, "| `tls` | `RW_TLS`, `TLS` | text |  | `on\\|off`. |"),
            (KEY, "| `key` |  | text (secret) |  | The key. |"),
        ] {
            assert_eq!(row(&setting), expected);
        }
    }

    #[test]
    fn the_page_has_backends_and_sections() {
        let page = page(&[backend("file", vec![&PART]), backend("s3", vec![&PART])], &[SMALL_PART]);
        let rest = page.strip_prefix(INTRODUCTION).expect("starts with the introduction");
        let expected = "
| Backend | Schemes |
|---|---|
| file | `file://` |
| s3 | `s3://` |

## Settings of file and s3

| Setting | Environment | Value | Default | What it does |
|---|---|---|---|---|
| `part-size` |  | a size like 8MiB | `8MiB` | Bytes per part. |

## Settings of the program, as options or in the environment

| Setting | Environment | Value | Default | What it does |
|---|---|---|---|---|
| `part-size` |  | a size like 8MiB | `1MiB` | Bytes per part. |
";
        assert_eq!(rest, expected);
    }

    #[test]
    fn names_read_as_words() {
        for (names, expected) in
            [(vec![], ""), (vec!["a"], "a"), (vec!["a", "b"], "a and b"), (vec!["a", "b", "c"], "a, b and c")]
        {
            assert_eq!(in_words(&names), expected);
        }
    }

    #[test]
    fn a_stale_page_is_found_by_line() {
        for (left, right, expected) in [
            ("a\nb\n", "a\nb\n", None),
            ("a\nb\n", "a\nc\n", Some(2)),
            ("a\n", "a\nb\n", Some(2)),
            ("a\n", "a", Some(2)),
            ("", "a\n", Some(1)),
        ] {
            assert_eq!(first_difference(left, right), expected, "{left:?} {right:?}");
        }
    }
}
