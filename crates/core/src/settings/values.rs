//! Values as users write them: sizes and rates.

/// Parses a number of bytes; `k`, `M`, `G`, `T` with `iB` or alone are powers of 1024, with `B` powers of 1000.
pub(super) fn parse_size(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "ki" | "kib" => 1 << 10,
        "m" | "mi" | "mib" => 1 << 20,
        "g" | "gi" | "gib" => 1 << 30,
        "t" | "ti" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// Parses a number of bytes per second; `bit/s` with a power of 1000, or a size with `/s`.
pub(super) fn parse_rate(text: &str) -> Option<u64> {
    let amount = text.strip_suffix("/s")?.to_ascii_lowercase();
    let Some(bits) = amount.strip_suffix("bit") else { return parse_size(&amount) };
    let digits = bits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(bits.len());
    let (number, unit) = bits.split_at(digits);
    let factor: f64 = match unit.trim() {
        "" => 1.0,
        "k" => 1e3,
        "m" => 1e6,
        "g" => 1e9,
        "t" => 1e12,
        _ => return None,
    };
    let bytes = number.parse::<f64>().ok()? * factor / 8.0;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
    (1.0..1e18).contains(&bytes).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_row_by_row() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("4096", Some(4096)),
            ("8MiB", Some(8 << 20)),
            ("8 mib", Some(8 << 20)),
            ("1G", Some(1 << 30)),
            ("1GB", Some(1_000_000_000)),
            ("1.5M", None),
            ("-1", None),
            ("99999999999999T", None),
        ] {
            assert_eq!(parse_size(text), bytes, "{text}");
        }
    }

    #[test]
    fn rates_row_by_row() {
        for (text, rate) in [
            ("25Gbit/s", Some(3_125_000_000)),
            ("0.5 gbit/s", Some(62_500_000)),
            ("800MB/s", Some(800_000_000)),
            ("1GiB/s", Some(1 << 30)),
            ("25", None),
            ("25G", None),
            ("0bit/s", None),
            ("-1Gbit/s", None),
        ] {
            assert_eq!(parse_rate(text), rate, "{text}");
        }
    }
}
