//! Every exit code of the program, and which error leads to which.

use rangeway::ErrorKind;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// Everything that was asked for is done.
    Success = 0,
    /// Some of it, or all of it, failed.
    Failed = 1,
    /// The command line, a URI or a setting is wrong.
    Usage = 2,
    /// The object, prefix or bucket does not exist.
    NotFound = 3,
    /// Credentials are missing, wrong, or not enough.
    Auth = 5,
    /// The bytes are not what was promised.
    Integrity = 6,
    /// The terminal is gone (SIGHUP), as shells report it.
    HungUp = 129,
    /// SIGINT or SIGTERM, as shells report it.
    Interrupted = 130,
}

/// The table in `--help`.
pub(crate) const TABLE: &str = "\
Exit codes:
    0  done
    1  failed, or some of many failed
    2  wrong usage, URI or setting
    3  not found
    5  credentials missing, wrong or not enough
    6  wrong bytes
  129  hung up
  130  interrupted";

impl From<ErrorKind> for ExitCode {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            // What a store cannot do should not have been asked of it.
            ErrorKind::InvalidInput | ErrorKind::Unsupported => Self::Usage,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::Unauthenticated | ErrorKind::PermissionDenied => Self::Auth,
            ErrorKind::Integrity => Self::Integrity,
            ErrorKind::Cancelled => Self::Interrupted,
            _ => Self::Failed,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_row_by_row() {
        for (kind, code) in [
            (ErrorKind::NotFound, 3),
            (ErrorKind::Unauthenticated, 5),
            (ErrorKind::PermissionDenied, 5),
            (ErrorKind::Integrity, 6),
            (ErrorKind::InvalidInput, 2),
            (ErrorKind::Unsupported, 2),
            (ErrorKind::AlreadyExists, 1),
            (ErrorKind::Timeout, 1),
            (ErrorKind::Cancelled, 130),
        ] {
            assert_eq!(ExitCode::from(kind) as u8, code, "{kind}");
        }
    }

    #[test]
    fn the_table_has_every_code() {
        for code in [0, 1, 2, 3, 5, 6, 129, 130] {
            assert!(TABLE.lines().any(|line| line.trim().starts_with(&format!("{code} "))), "{code}");
        }
    }
}
