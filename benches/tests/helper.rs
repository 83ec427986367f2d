//! Servers and programs that run in processes of their own, started by a program that holds much memory.
#![allow(clippy::print_stderr, reason = "a test without a harness")]

use std::collections::HashSet;
use std::hint::black_box;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use rangeway_benches::{ServerProcess, helper, launcher, run_launcher};

/// What this process holds, in bytes.
const HELD: usize = 256 << 20;
/// More than a small program takes, in bytes.
const SMALL: u64 = 64 << 20;

fn main() -> ExitCode {
    if let Err(error) = helper().unwrap_or_else(check) {
        eprintln!("{error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn check() -> Result<()> {
    programs_are_measured_by_what_they_took_themselves()?;
    what_a_program_is_told_arrives()?;
    servers_have_as_many_keys_as_are_wanted()
}

fn programs_are_measured_by_what_they_took_themselves() -> Result<()> {
    let held = black_box(vec![1_u8; HELD]);
    let usage = run_launcher(&mut launcher("true")?)?;
    drop(black_box(held));
    ensure!((1..SMALL).contains(&usage.peak_memory), "{usage:?}");
    let mut large = launcher("dd")?;
    let usage =
        run_launcher(large.args(["if=/dev/zero", "of=/dev/null", "bs=128M", "count=1", "status=none"]))?;
    ensure!(usage.peak_memory > 128 << 20 && !usage.wall.is_zero() && !usage.cpu.is_zero(), "{usage:?}");
    Ok(())
}

fn what_a_program_is_told_arrives() -> Result<()> {
    let check = || -> Result<_> {
        let mut command = launcher("sh")?;
        command.args(["-c", "test \"$COLOUR\" = red && test \"$0\" = --as-it-is"]);
        Ok(command)
    };
    run_launcher(check()?.arg("--as-it-is").env("COLOUR", "red"))?;
    ensure!(run_launcher(check()?.arg("--as-it-is").env("COLOUR", "blue")).is_err(), "a failure is told");
    ensure!(run_launcher(&mut launcher("no-such-program")?).is_err(), "so is what never started");
    Ok(())
}

fn servers_have_as_many_keys_as_are_wanted() -> Result<()> {
    let keys: Vec<_> = (0..50_000).map(|number| format!("64KiB/{number:05}")).collect();
    let mut server = ServerProcess::start(&[("keys", &keys.join(",")), ("tls", "true")])?;
    ensure!(server.endpoint().starts_with("https://"), "{server:?}");
    let pem = std::fs::read_to_string(server.ca_file().expect("a certificate"))?;
    ensure!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
    ensure!(server.counts()?.total == 0, "nobody has asked for anything");
    let mut plain = ServerProcess::start(&[])?;
    ensure!(plain.ca_file().is_none() && plain.endpoint().starts_with("http://"), "{plain:?}");
    let endpoints: HashSet<_> = [server.endpoint(), plain.endpoint()].into();
    ensure!(endpoints.len() == 2 && plain.counts()?.total == 0, "two servers");
    ensure!(ServerProcess::start(&[("speed", "1")]).is_err(), "there is no such option");
    Ok(())
}
