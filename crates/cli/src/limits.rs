//! Limits of the system that are raised for this process.

/// Lets this process have as many files and connections open as it may. Usual is 1024 unless a program asks for more: fewer
/// than many jobs need, each with its files and its connections.
#[cfg(unix)]
pub(crate) fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::debug!(%error, ?current, ?maximum, "the limit on open files stays");
    }
}

#[cfg(not(unix))]
pub(crate) fn raise_open_files() {}
