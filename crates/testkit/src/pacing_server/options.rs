//! `PacingServerOptions`: where a pacing server listens, and the pace that it keeps.

use std::io;
use std::time::Duration;

use rangeway_core::{Error, Result, Setting, SettingKind, Settings};

use super::PacingServer;

/// How to start a [`PacingServer`]: by default on any free port of 127.0.0.1, with plain HTTP, as fast as it can.
#[derive(Debug, Clone, Default)]
pub struct PacingServerOptions {
    pub(super) port: u16,
    pub(super) tls: bool,
    pub(super) keys: Vec<String>,
    pub(super) first_byte: Duration,
    /// The share of late first bytes, and when they come.
    pub(super) tail: (f64, Duration),
    pub(super) per_connection: Option<u64>,
    pub(super) total: Option<u64>,
    pub(super) in_flight: Option<usize>,
    pub(super) requests_per_second: Option<u64>,
    pub(super) resets: f64,
    pub(super) stalls: f64,
    pub(super) seed: u64,
}

impl PacingServerOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens on this port; 0 is any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Speaks HTTPS with a certificate for `localhost` and `127.0.0.1` from an authority made for this server:
    /// [`PacingServer::ca_pem`].
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// What listings of any bucket show, in this order: keys as the server reads them, so `64KiB/7`.
    pub fn keys(mut self, keys: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.keys = keys.into_iter().map(Into::into).collect();
        self
    }

    /// Waits so long before the first byte of every answer that is no refusal.
    pub fn first_byte(mut self, wait: Duration) -> Self {
        self.first_byte = wait;
        self
    }

    /// Waits longer for this share (0 to 1) of the first bytes.
    pub fn tail(mut self, share: f64, wait: Duration) -> Self {
        self.tail = (share, wait);
        self
    }

    /// Sends bodies of objects at no more than so many bytes per second on each connection.
    pub fn per_connection(mut self, rate: u64) -> Self {
        self.per_connection = Some(rate);
        self
    }

    /// Sends bodies of objects at no more than so many bytes per second on all connections together; each that has
    /// something to send gets its turn.
    pub fn total(mut self, rate: u64) -> Self {
        self.total = Some(rate);
        self
    }

    /// Refuses requests with `SlowDown` while so many are in flight.
    pub fn in_flight(mut self, limit: usize) -> Self {
        self.in_flight = Some(limit);
        self
    }

    /// Refuses requests with `SlowDown` that exceed this rate; after a pause, one second's worth may come at once.
    pub fn requests_per_second(mut self, limit: u64) -> Self {
        self.requests_per_second = Some(limit);
        self
    }

    /// Ends this share (0 to 1) of the objects' bodies somewhere with a reset of the connection.
    pub fn resets(mut self, share: f64) -> Self {
        self.resets = share;
        self
    }

    /// Lets this share (0 to 1) of the objects' bodies stand still somewhere until the client closes.
    pub fn stalls(mut self, share: f64) -> Self {
        self.stalls = share;
        self
    }

    /// The seed of all chance; 0 unless said otherwise.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the option of this name, which has dashes, from a text: `first-byte` `30ms`, `tail` `0.05:2s`,
    /// `per-connection` `90MB` (each second), `in-flight` `32`, `resets` `0.01`, `tls` `true`.
    ///
    /// # Errors
    /// `InvalidInput` for a name that there is not, or a value that does not fit it.
    pub fn set(mut self, name: &str, value: &str) -> Result<Self> {
        match name {
            "port" => self.port = read(name, value, SettingKind::Count, Settings::count)?,
            "tls" => self.tls = read(name, value, SettingKind::Flag, Settings::flag)?,
            "keys" => self.keys = value.split(',').map(str::to_owned).collect(),
            "first-byte" => self.first_byte = duration(name, value)?,
            "tail" => {
                let Some((portion, wait)) = value.split_once(':') else {
                    return Err(wrong(name, value, "SHARE:TIME"));
                };
                self.tail = (share(name, portion)?, duration(name, wait)?);
            }
            "per-connection" => {
                self.per_connection = Some(read(name, value, SettingKind::Size, Settings::size)?);
            }
            "total" => self.total = Some(read(name, value, SettingKind::Size, Settings::size)?),
            "in-flight" => self.in_flight = Some(read(name, value, SettingKind::Count, Settings::count)?),
            "requests-per-second" => {
                self.requests_per_second = Some(read(name, value, SettingKind::Count, Settings::count)?);
            }
            "resets" => self.resets = share(name, value)?,
            "stalls" => self.stalls = share(name, value)?,
            "seed" => self.seed = read(name, value, SettingKind::Count, Settings::count)?,
            _ => return Err(Error::invalid(format!("a pacing server has no option {name:?}"))),
        }
        Ok(self)
    }

    /// Starts the server.
    ///
    /// # Errors
    /// When the port or the certificate cannot be had.
    pub fn start(self) -> io::Result<PacingServer> {
        PacingServer::launch(self)
    }
}

fn wrong(name: &str, value: &str, expected: &str) -> Error {
    Error::invalid(format!("the option {name} is {value:?}, not {expected}"))
}

/// Reads a value as rangeway's settings do.
fn read<T>(
    name: &str,
    value: &str,
    kind: SettingKind,
    get: impl Fn(&Settings, &Setting) -> Result<Option<T>>,
) -> Result<T> {
    let settings = Settings::default().set("value", value);
    get(&settings, &Setting::new("value", kind, ""))
        .ok()
        .flatten()
        .ok_or_else(|| wrong(name, value, kind.describe()))
}

fn duration(name: &str, value: &str) -> Result<Duration> {
    read(name, value, SettingKind::Duration, Settings::duration)
}

fn share(name: &str, value: &str) -> Result<f64> {
    let share = value.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| wrong(name, value, "a share from 0 to 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_by_name() -> Result<()> {
        let options = [
            ("first-byte", "30ms"),
            ("tail", "0.05:2s"),
            ("per-connection", "90MB"),
            ("total", "1GiB"),
            ("in-flight", "32"),
            ("requests-per-second", "500"),
            ("resets", "0.01"),
            ("port", "0"),
            ("tls", "true"),
            ("keys", "1KiB/a,1KiB/b"),
        ];
        let options = options
            .into_iter()
            .try_fold(PacingServerOptions::new(), |options, (name, value)| options.set(name, value))?;
        assert_eq!(options.first_byte, Duration::from_millis(30));
        assert_eq!(options.tail, (0.05, Duration::from_secs(2)));
        assert_eq!((options.per_connection, options.total), (Some(90_000_000), Some(1 << 30)));
        assert_eq!((options.in_flight, options.requests_per_second), (Some(32), Some(500)));
        assert!((options.resets - 0.01).abs() < 1e-9 && options.tls);
        assert_eq!(options.keys, ["1KiB/a", "1KiB/b"]);
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        for (name, value, expected) in [
            ("speed", "1", "a pacing server has no option \"speed\""),
            ("resets", "2", "the option resets is \"2\", not a share from 0 to 1"),
            ("tail", "2s", "the option tail is \"2s\", not SHARE:TIME"),
            ("total", "fast", "the option total is \"fast\", not a size like 8MiB"),
        ] {
            let error = PacingServerOptions::new().set(name, value).expect_err(name);
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
