//! `Machine`: what a result was measured on, and the command that repeats it.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::SystemTime;

/// The machine, the toolchain and the command of a run. What can't be found out is `unknown`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    facts: Vec<(&'static str, String)>,
}

impl Machine {
    /// Looks around. The command is the one that started this process.
    pub fn look() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let huge_pages = read("/sys/kernel/mm/transparent_hugepage/enabled");
        let facts = [
            ("date", Some(humantime::format_rfc3339_seconds(SystemTime::now()).to_string())),
            ("processor", value_of(&read("/proc/cpuinfo"), "model name")),
            ("cores", thread::available_parallelism().ok().map(|cores| cores.to_string())),
            ("memory", value_of(&read("/proc/meminfo"), "MemTotal")),
            ("kernel", output("uname", &["-sr"])),
            ("huge pages", chosen(&huge_pages)),
            ("rustc", output("rustc", &["--version"])),
            ("commit", commit()),
            ("command", Some(command(std::env::args()))),
        ];
        let known = |fact: Option<String>| fact.unwrap_or_else(|| "unknown".to_owned());
        Self { facts: facts.into_iter().map(|(name, fact)| (name, known(fact))).collect() }
    }

    /// Adds a fact at the end, such as the version of a program that took part.
    pub fn with(mut self, name: &'static str, fact: impl Into<String>) -> Self {
        self.facts.push((name, fact.into()));
        self
    }
}

/// A Markdown list.
impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.facts.iter().try_for_each(|(name, fact)| writeln!(f, "- {name}: {fact}"))
    }
}

/// The value of the first `name : value` line.
fn value_of(text: &str, name: &str) -> Option<String> {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let mut values =
        lines.filter(|(found, _)| found.trim() == name).map(|(_, value)| value.trim().to_owned());
    values.next()
}

/// What stands in brackets, as the kernel marks the choice that is in force.
fn chosen(text: &str) -> Option<String> {
    let (_, rest) = text.split_once('[')?;
    rest.split_once(']').map(|(choice, _)| choice.to_owned())
}

/// What a program printed, without the line break at its end.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output =
        Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

/// The commit of the work tree, and whether it had changes.
fn commit() -> Option<String> {
    let commit = output("git", &["rev-parse", "--short=12", "HEAD"])?;
    let changes = output("git", &["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changes.is_empty() { commit } else { format!("{commit} with changes") })
}

/// A command line as it would be typed, with the program's name in place of its path on this machine.
fn command(mut arguments: impl Iterator<Item = String>) -> String {
    let program = arguments.next().unwrap_or_default();
    let name = Path::new(&program).file_name().map(|name| name.to_string_lossy().into_owned());
    name.into_iter().chain(arguments).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_from_what_the_kernel_says() {
        let cpu = "processor\t: 0\nmodel name\t: A Chip\nmodel name\t: Another\n";
        assert_eq!(value_of(cpu, "model name").as_deref(), Some("A Chip"));
        assert_eq!(value_of(cpu, "flags"), None);
        assert_eq!(chosen("always [madvise] never\n").as_deref(), Some("madvise"));
        assert_eq!(chosen(""), None);
    }

    #[test]
    fn the_command_has_no_path_of_this_machine() {
        let arguments = ["/data/target/release/compare", "get", "--size", "1GiB"].map(str::to_owned);
        assert_eq!(command(arguments.into_iter()), "compare get --size 1GiB");
    }

    #[test]
    fn it_is_a_list() {
        let text = Machine { facts: vec![("cores", "2".to_owned())] }.with("s5cmd", "2.3.0").to_string();
        assert_eq!(text, "- cores: 2\n- s5cmd: 2.3.0\n");
        assert!(Machine::look().to_string().contains("- kernel: "));
    }
}
