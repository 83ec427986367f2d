//! Installing a peer into a folder of its own. A stamp, written last, says that it is whole and what it was made with;
//! without the right stamp the folder is made anew.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{Peer, command, filled};

/// The name of the stamp in the peer's folder.
const STAMP: &str = "installed";

/// Installs `peer` below `folder` unless it is there already, one process at a time.
pub(super) fn install(peer: &Peer, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    let lock = folder.join("lock");
    let lock = File::create(&lock).with_context(|| format!("creating {}", lock.display()))?;
    lock.lock().context("waiting for another installation")?;

    let folder = folder.join(peer.name);
    let steps: Vec<_> = peer.install.iter().map(|words| filled(words, &folder, peer.version, 0)).collect();
    let stamp = folder.join(STAMP);
    let wanted = stamp_of(&steps);
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    println!("xtask: installing {} {} into {}", peer.name, peer.version, folder.display());
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("removing {}", folder.display()));
        }
        _ => fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?,
    }
    for words in &steps {
        let line = words.join(" ");
        let status = command(words).status().with_context(|| format!("`{line}` does not run"))?;
        if !status.success() {
            bail!("{status}; repeat with: {line}");
        }
    }
    fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))
}

/// What a folder was made with. The commands hold the version and the folder's own path, which some files in it repeat.
fn stamp_of(steps: &[Vec<String>]) -> String {
    steps.iter().map(|words| words.join(" ") + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A peer whose installation leaves a file, after it has checked that nothing is left of a broken one.
    fn peer(version: &'static str, install: &'static [&'static [&'static str]]) -> Peer {
        let (run, ready): (&[&str], _) = (&["true"], ("/", ""));
        Peer { name: "stand-in", version, tools: &[], install, run, ready, variables: &[], packages: &[] }
    }

    const WORKS: &[&[&str]] =
        &[&["sh", "-c", "test ! -e '{folder}/half'"], &["sh", "-c", "echo {version} >> '{folder}/log'"]];
    const BREAKS: &[&[&str]] = &[&["sh", "-c", "touch '{folder}/half'; exit 3"]];

    #[test]
    #[cfg(unix)]
    fn a_peer_is_installed_once_and_anew_when_it_was_broken_or_has_another_version() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("rangeway-xtask-{}", std::process::id()));
        let log = || fs::read_to_string(folder.join("stand-in").join("log"));
        let error = install(&peer("1", BREAKS), &folder).expect_err("it breaks midway");
        assert!(error.to_string().contains("exit status: 3"), "{error}");
        install(&peer("1", WORKS), &folder)?;
        install(&peer("1", WORKS), &folder)?;
        assert_eq!(log()?, "1\n");
        install(&peer("2", WORKS), &folder)?;
        assert_eq!(log()?, "2\n");
        install(&peer("3", BREAKS), &folder).expect_err("it breaks midway");
        install(&peer("2", WORKS), &folder)?;
        assert_eq!(log()?, "2\n");
        fs::remove_dir_all(&folder)?;
        Ok(())
    }
}
