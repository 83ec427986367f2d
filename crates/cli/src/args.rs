//! The command line as it is written: parsed by clap, not resolved yet.
#![allow(clippy::doc_markdown, reason = "doc comments are the help that users read, and not Markdown")]

use std::ffi::OsString;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
use rangeway::{Error, Setting, SettingKind, Settings};

use crate::exit_code;

const EXAMPLES: &str = "\
Places:
  s3://bucket/key     an object; settings may follow, as in s3://bucket/key?region=eu-west-1
  az://container/key  the same at Azure; gs://bucket/key at Google
  https://host/file   a file on a web server, to be read
  ./file, /folder/    a local file or folder: anything without ://
  -                   standard input or output

Examples:
  rangeway demo                                see it work, no account needed
  rangeway cp big.bin s3://bucket/backup/      upload a file
  rangeway cp -r s3://bucket/data/ ./data/     download a tree
  rangeway ls s3://bucket/data/                look into a prefix
";

/// Moves files to, from and between object stores, many byte ranges at once.
#[derive(Debug, Parser)]
#[command(name = "rangeway", version, max_term_width = 100, after_help = format!("{EXAMPLES}\n{}", exit_code::TABLE))]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Set a setting, as part-size=16MiB; docs/configuration.md has them all
    #[arg(short = 'o', long = "option", value_name = "NAME=VALUE", value_parser = pair, global = true)]
    pub(crate) options: Vec<(String, String)>,
    /// Write results, errors, notes and logs as JSON, one object per line
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Write errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say what was done, and log to standard error; -vv logs more, RUST_LOG chooses
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub(crate) verbose: u8,
    /// Show no progress bar
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Copy objects and files, in any direction
    Cp(Cp),
    /// List a bucket, a prefix or a folder
    Ls(Ls),
    /// Write objects to standard output
    Cat(Cat),
    /// Show what is known about objects
    Stat(Stat),
    /// Delete objects
    Rm(Rm),
    /// Make a bucket
    Mb(Mb),
    /// Remove an empty bucket
    Rb(Rb),
    /// Measure how fast a bucket or a folder is written and read
    Bench(Bench),
    /// Write, read and verify 1 GiB against a server in this process; needs no account
    #[cfg(feature = "demo")]
    Demo(Demo),
    /// Print a script that completes commands in a shell
    Completions(Completions),
}

const CP_EXAMPLES: &str = "\
A target that ends with / or is a folder or a bucket receives the source's file name.
With -r what is below the source goes below the target; where there are several sources,
each tree has a folder of its own there.

Examples:
  rangeway cp big.bin s3://bucket/backup/
  rangeway cp s3://bucket/backup/big.bin .
  rangeway cp -r ./data s3://bucket/data/
  tar c folder | rangeway cp - s3://bucket/folder.tar
";

#[derive(Debug, Args)]
#[command(after_help = CP_EXAMPLES, override_usage = "rangeway cp [OPTIONS] <SOURCE>... <TARGET>")]
#[allow(clippy::struct_excessive_bools, reason = "a command line has many switches")]
pub(crate) struct Cp {
    /// One source or several, and last the target: URIs, local paths, or -
    #[arg(required = true, num_args = 2.., value_name = "PLACE", value_hint = ValueHint::AnyPath)]
    pub(crate) places: Vec<String>,
    /// Copy everything below the source
    #[arg(short, long)]
    pub(crate) recursive: bool,
    /// Leave what exists at the target as it is
    #[arg(short, long, visible_alias = "create-only")]
    pub(crate) no_clobber: bool,
    /// Show what would be copied
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Content type of the new objects
    #[arg(long, value_name = "TYPE")]
    pub(crate) content_type: Option<String>,
    /// User metadata of the new objects, in place of the source's
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) metadata: Vec<(String, String)>,
    /// How many objects to copy at once
    #[arg(short, long, value_name = "N", default_value = "32", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: u16,
}

const LS_EXAMPLES: &str = "\
Names are relative to the place listed.

Examples:
  rangeway ls s3://                 the buckets
  rangeway ls s3://bucket/data/     one level below data/
  rangeway ls -r --json s3://bucket
";

#[derive(Debug, Args)]
#[command(after_help = LS_EXAMPLES)]
pub(crate) struct Ls {
    /// Bucket, prefix, folder or object
    #[arg(default_value = ".", value_name = "PLACE", value_hint = ValueHint::AnyPath)]
    pub(crate) place: String,
    /// List everything below
    #[arg(short, long)]
    pub(crate) recursive: bool,
    /// Show sizes as 1.5 MiB
    #[arg(short = 'H', long)]
    pub(crate) human: bool,
}

const CAT_EXAMPLES: &str = "\
Examples:
  rangeway cat s3://bucket/log.gz | gunzip
  rangeway cat --offset 8MiB --length 1KiB s3://bucket/big.bin | xxd
";

#[derive(Debug, Args)]
#[command(after_help = CAT_EXAMPLES)]
pub(crate) struct Cat {
    /// Objects or files, written one after the other
    #[arg(required = true, value_name = "OBJECT", value_hint = ValueHint::AnyPath)]
    pub(crate) places: Vec<String>,
    /// Start at this byte, as 4096 or 8MiB
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "0")]
    pub(crate) offset: u64,
    /// Write at most so many bytes
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) length: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Stat {
    /// Objects or files
    #[arg(required = true, value_name = "OBJECT", value_hint = ValueHint::AnyPath)]
    pub(crate) places: Vec<String>,
}

const RM_EXAMPLES: &str = "\
Examples:
  rangeway rm s3://bucket/old.bin
  rangeway rm -r --dry-run s3://bucket/logs/2019/
";

#[derive(Debug, Args)]
#[command(after_help = RM_EXAMPLES)]
#[allow(clippy::struct_excessive_bools, reason = "a command line has many switches")]
pub(crate) struct Rm {
    /// Objects or files; with -r prefixes or folders
    #[arg(required = true, value_name = "OBJECT", value_hint = ValueHint::AnyPath)]
    pub(crate) places: Vec<String>,
    /// Delete everything below
    #[arg(short, long)]
    pub(crate) recursive: bool,
    /// Do not look first: deleting what does not exist is no error
    #[arg(short, long)]
    pub(crate) force: bool,
    /// With -r, allow to delete everything in a bucket, or the current folder
    #[arg(long, requires = "recursive")]
    pub(crate) all: bool,
    /// Show what would be deleted
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Mb {
    /// The bucket, as s3://bucket
    #[arg(value_name = "BUCKET")]
    pub(crate) place: String,
}

#[derive(Debug, Args)]
pub(crate) struct Rb {
    /// The bucket, as s3://bucket
    #[arg(value_name = "BUCKET")]
    pub(crate) place: String,
    /// Delete everything in it first
    #[arg(short, long)]
    pub(crate) force: bool,
}

const BENCH_EXAMPLES: &str = "\
Objects are written below a new prefix, read back and verified, and removed again. An object that
is alone of its size is also read as one stream, as a plain client does. A default run writes
1.3 GB and reads 2.1 GB: half a minute at 1 Gbit/s.

Examples:
  rangeway bench s3://bucket/tmp/
  rangeway bench --size 4GiB --iterations 5 s3://bucket
  rangeway bench --size 4KiB --count 10000 --only get s3://bucket
";

#[derive(Debug, Args)]
#[command(after_help = BENCH_EXAMPLES)]
pub(crate) struct Bench {
    /// Bucket, prefix or folder
    #[arg(value_name = "PLACE", value_hint = ValueHint::DirPath)]
    pub(crate) place: String,
    /// Size of the objects, in place of 64KiB, 8MiB and 256MiB one after the other
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) size: Option<u64>,
    /// How many objects; unless given as many as 128MiB hold, from 1 to 512
    #[arg(long, value_name = "N", requires = "size", value_parser = clap::value_parser!(u32).range(1..=999_999))]
    pub(crate) count: Option<u32>,
    /// How often each is measured; what is shown are medians
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) iterations: u16,
    /// Measure writing only, or reading only
    #[arg(long, value_name = "OPERATION")]
    pub(crate) only: Option<Measured>,
    /// Leave the objects there
    #[arg(long)]
    pub(crate) keep: bool,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Measured {
    Put,
    Get,
}

/// The options of `rangeway demo`.
#[cfg(feature = "demo")]
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Size of the object
    #[arg(long, value_parser = size, default_value = "1GiB")]
    pub(crate) size: u64,
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  rangeway completions bash > ~/.local/share/bash-completion/completions/rangeway
  rangeway completions zsh > ~/.zfunc/_rangeway
  rangeway completions fish > ~/.config/fish/completions/rangeway.fish
";

#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// Whether a command line that could not be parsed asks for JSON.
pub(crate) fn asks_for_json(arguments: impl IntoIterator<Item = OsString>) -> bool {
    arguments.into_iter().take_while(|argument| argument != "--").any(|argument| argument == "--json")
}

/// What is wrong with a command line, as an error like others.
pub(crate) fn complaint(error: &clap::Error) -> Error {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let (what, usage) = text.split_once("\n\nUsage: ").unwrap_or((text, ""));
    let paragraphs = what.split("\n\n").map(|lines| lines.split_whitespace().collect::<Vec<_>>().join(" "));
    let what = paragraphs.collect::<Vec<_>>().join("; ");
    let usage = usage.lines().next().unwrap_or_default();
    Error::invalid(what).with_hint(format!("usage: {usage}; --help says more"))
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

/// A number of bytes, read as settings are.
fn size(text: &str) -> Result<u64, String> {
    const SIZE: Setting = Setting::new("size", SettingKind::Size, "");
    let parsed = Settings::default().set(SIZE.key, text).size(&SIZE);
    parsed.ok().flatten().ok_or_else(|| format!("not {}", SettingKind::Size.describe()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn clap_finds_no_contradiction() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_and_pairs_row_by_row() {
        for (text, bytes) in
            [("0", Some(0)), ("8MiB", Some(8 << 20)), ("1kb", Some(1000)), ("-1", None), ("x", None)]
        {
            assert_eq!(size(text).ok(), bytes, "{text}");
        }
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(pair("a="), Ok(("a".into(), String::new())));
        assert!(pair("=b").is_err() && pair("ab").is_err());
    }

    #[test]
    fn global_options_stand_anywhere() -> Result<(), clap::Error> {
        for line in ["rangeway -o a=b --json ls x", "rangeway ls x -o a=b --json"] {
            let cli = parse(line)?;
            assert!(cli.global.json && cli.global.options == [("a".to_owned(), "b".to_owned())], "{line}");
        }
        Ok(())
    }

    #[test]
    fn complaints_are_errors_like_others() {
        let error = complaint(&parse("rangeway ls --frobnicate").expect_err("no such option"));
        assert!(error.to_string().contains("unexpected argument '--frobnicate' found; tip: "), "{error}");
        assert_eq!(error.hint(), Some("usage: rangeway ls [OPTIONS] [PLACE]; --help says more"));
        let asks = |line: &str| asks_for_json(line.split(' ').map(OsString::from));
        assert!(asks("rangeway --json ls --frobnicate") && asks("rangeway ls --json"));
        assert!(!asks("rangeway ls --frobnicate") && !asks("rangeway ls -- --json"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in
            ["rangeway", "rangeway cp a", "rangeway rm --all a", "rangeway -q -v ls", "rangeway cp -j 0 a b"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
