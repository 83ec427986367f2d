//! Programs against programs: a large object to a file in memory and back, and many small objects to a folder there.

use std::fs;
use std::io::{Read, Seek, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rangeway_benches::{Sample, ServerProcess};
use rangeway_testkit::Pattern;
use tempfile::TempDir;

use super::Options;
use crate::access::{Access, BUCKET};
use crate::client::program::Program;
use crate::round::{self, Moved, Named};

/// A file system in memory, so that no disk is measured.
const TMPFS: &str = "/dev/shm";
/// More than two cores can be busy with, and than its default of 5; `--in-flight` tries other numbers.
const S5CMD_IN_FLIGHT: usize = 8;
/// In MiB, as for the others; its default of 50 leaves the last parts of 1 GiB few.
const S5CMD_PART: &str = "--part-size=8";

pub(super) fn run(options: &Options) -> Result<Vec<Sample>> {
    ensure!(options.rangeway.exists(), "no {}; cargo build --release makes it", options.rangeway.display());
    let mut samples = down(options)?;
    samples.extend(up(options)?);
    for (scenario, unit, size) in
        [("cp 64 KiB objects to tmpfs", "64KiB", 64 << 10), ("cp 1 KiB objects to tmpfs", "1KiB", 1 << 10)]
    {
        samples.extend(small(options, scenario, unit, size)?);
    }
    Ok(samples)
}

/// Both programs with a source and a target; `prepare` and `check` know the target.
fn both<'a>(
    options: &Options,
    access: &Access,
    [ours, theirs]: [&[&str]; 2],
    prepare: impl Fn() -> Result<()> + Copy + 'a,
    check: impl Fn() -> Result<()> + Copy + 'a,
) -> Vec<Named<'a>> {
    let s5cmd = options.rivals.join("s5cmd");
    let clients: [Named<'a>; 2] = [
        ("rangeway cp", Box::new(Program::new(&options.rangeway, ours, access, prepare, check))),
        ("s5cmd cp", Box::new(Program::new(s5cmd, theirs, access, prepare, check))),
    ];
    clients.into_iter().filter(|(name, _)| options.is_wanted(name)).collect()
}

fn down(options: &Options) -> Result<Vec<Sample>> {
    let mut server = ServerProcess::start(&[])?;
    let (folder, pattern) = (TempDir::new_in(TMPFS)?, Pattern::new());
    let target = folder.path().join("object");
    let source = format!("s3://{BUCKET}/{}", options.key());
    let file = target.to_string_lossy().into_owned();
    let in_flight = s5cmd_in_flight(options);
    let ours = ["cp", "-q", source.as_str(), file.as_str()];
    let theirs = ["--log=error", "cp", S5CMD_PART, in_flight.as_str(), source.as_str(), file.as_str()];
    let prepare = || remove(&target);
    let check = || verify(&pattern, &target, options.bytes());
    let clients = both(options, &Access::to(&server), [&ours, &theirs], prepare, check);
    let moved = Moved { bytes: options.bytes(), objects: 1, is_upload: false };
    round::run("cp from s3 to tmpfs", &clients, moved, &mut server, options.iterations)
}

fn up(options: &Options) -> Result<Vec<Sample>> {
    let mut server = ServerProcess::start(&[])?;
    let folder = TempDir::new_in(TMPFS)?;
    let source = folder.path().join("object");
    write(&Pattern::new(), &source, options.bytes())?;
    let file = source.to_string_lossy().into_owned();
    let target = format!("s3://{BUCKET}/{}", options.key());
    let in_flight = s5cmd_in_flight(options);
    let ours = ["cp", "-q", file.as_str(), target.as_str()];
    let theirs = ["--log=error", "cp", S5CMD_PART, in_flight.as_str(), file.as_str(), target.as_str()];
    let nothing = || Ok(());
    let clients = both(options, &Access::to(&server), [&ours, &theirs], nothing, nothing);
    let moved = Moved { bytes: options.bytes(), objects: 1, is_upload: true };
    round::run("cp from tmpfs to s3", &clients, moved, &mut server, options.iterations)
}

fn small(options: &Options, scenario: &str, unit: &str, size: usize) -> Result<Vec<Sample>> {
    let keys: Vec<String> = (0..options.objects).map(|number| format!("{unit}/{number:05}")).collect();
    let mut server = ServerProcess::start(&[("keys", &keys.join(","))])?;
    let (folder, pattern) = (TempDir::new_in(TMPFS)?, Pattern::new());
    let target = folder.path().join("objects");
    let (prefix, all) = (format!("s3://{BUCKET}/{unit}/"), format!("s3://{BUCKET}/{unit}/*"));
    let directory = format!("{}/", target.display());
    let ours = ["cp", "-q", "-r", prefix.as_str(), directory.as_str()];
    let theirs = ["--log=error", "cp", all.as_str(), directory.as_str()];
    let prepare = || remove(&target);
    let check = || {
        let files = fs::read_dir(&target)?.collect::<Result<Vec<_>, _>>()?;
        ensure!(files.len() == options.objects, "{} files, not {}", files.len(), options.objects);
        files.iter().try_for_each(|file| verify(&pattern, &file.path(), size))
    };
    let clients = both(options, &Access::to(&server), [&ours, &theirs], prepare, check);
    let moved = Moved { bytes: options.objects * size, objects: options.objects, is_upload: false };
    round::run(scenario, &clients, moved, &mut server, options.iterations)
}

fn s5cmd_in_flight(options: &Options) -> String {
    format!("--concurrency={}", options.in_flight.unwrap_or(S5CMD_IN_FLIGHT))
}

/// Removes what an earlier run left, so that every run writes to fresh memory.
fn remove(target: &Path) -> Result<()> {
    match target {
        _ if target.is_dir() => fs::remove_dir_all(target),
        _ if target.exists() => fs::remove_file(target),
        _ => Ok(()),
    }
    .with_context(|| format!("removing {}", target.display()))
}

/// The most of a file that is in memory here.
const PIECE: usize = 1 << 20;

fn verify(pattern: &Pattern, path: &Path, size: usize) -> Result<()> {
    let mut file = fs::File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let mut buffer = vec![0; PIECE.min(size + 1)];
    let mut offset = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => pattern.verify(offset, &buffer[..read])?,
        }
        offset = file.stream_position()?;
    }
    ensure!(offset == size as u64, "{} has {offset} bytes, not {size}", path.display());
    Ok(())
}

fn write(pattern: &Pattern, path: &Path, size: usize) -> Result<()> {
    let mut file = fs::File::create(path).with_context(|| format!("making {}", path.display()))?;
    for start in (0..size).step_by(PIECE) {
        file.write_all(&pattern.bytes(start as u64, PIECE.min(size - start)))?;
    }
    Ok(())
}
