//! `Outcome`: what a row came to, the measured runs and what is claimed of them.

use rangeway_benches::{BarGroup, Sample, ServerCounts, number, to_csv};

/// What a row came to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) runs: Vec<Run>,
    pub(crate) claims: Vec<Claim>,
    /// What else was seen: a name and what it was.
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) bars: Vec<BarGroup>,
}

/// One measured transfer, or several one after another.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) sample: Sample,
    /// What the server has counted meanwhile.
    pub(crate) counts: ServerCounts,
    /// Attempts after the first, as the store counts them.
    pub(crate) retries: u64,
    /// Requests that raced a slow one.
    pub(crate) hedges: u64,
}

/// Something promised, and what came out.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) what: &'static str,
    pub(crate) wanted: String,
    pub(crate) measured: String,
    pub(crate) holds: bool,
}

impl Claim {
    /// A share, or a ratio in percent.
    pub(crate) fn at_least(what: &'static str, wanted: f64, measured: f64) -> Self {
        let holds = measured >= wanted;
        Self { what, wanted: format!(">= {}", percent(wanted)), measured: percent(measured), holds }
    }

    /// A share, or a ratio in percent.
    pub(crate) fn at_most(what: &'static str, wanted: f64, measured: f64) -> Self {
        let holds = measured <= wanted;
        Self { what, wanted: format!("<= {}", percent(wanted)), measured: percent(measured), holds }
    }

    /// A multiple of something else.
    pub(crate) fn at_most_times(what: &'static str, wanted: f64, measured: f64) -> Self {
        let holds = measured <= wanted;
        let times = |value| format!("{}x", number(value));
        Self { what, wanted: format!("<= {}", times(wanted)), measured: times(measured), holds }
    }
}

/// A share in percent.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A share of whole numbers.
#[allow(clippy::cast_precision_loss, reason = "counts and sizes are far below 2^52")]
pub(crate) fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// All runs as comma-separated values: the columns of a sample, and what only these runs have.
pub(crate) fn csv<'a>(runs: impl Iterator<Item = &'a Run>) -> String {
    const MORE: &str = "retries,hedges,bytes_out,peak_in_flight,slow_downs,resets,stalls,late_first_bytes";
    let (samples, more): (Vec<_>, Vec<_>) = runs
        .map(|run| {
            let ServerCounts {
                bytes_out, peak_in_flight, slow_downs, resets, stalls, late_first_bytes, ..
            } = run.counts;
            let (retries, hedges) = (run.retries, run.hedges);
            let more = format!(
                "{retries},{hedges},{bytes_out},{peak_in_flight},{slow_downs},{resets},{stalls},{late_first_bytes}"
            );
            (run.sample.clone(), more)
        })
        .unzip();
    let more = std::iter::once(MORE.to_owned()).chain(more);
    to_csv(&samples)
        .lines()
        .zip(more)
        .fold(String::new(), |text, (line, more)| text + line + "," + &more + "\n")
}

#[cfg(test)]
mod tests {
    use rangeway_benches::Usage;

    use super::*;

    #[test]
    fn columns_are_added_to_those_of_samples() {
        let sample = Sample {
            scenario: "cap".to_owned(),
            client: "rangeway".to_owned(),
            iteration: 1,
            bytes: 8,
            objects: 1,
            requests: 2,
            usage: Usage::default(),
        };
        let run = Run { sample, counts: ServerCounts::default(), retries: 3, hedges: 4 };
        let text = csv([&run, &run].into_iter());
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].ends_with(",peak_memory_bytes,retries,hedges,bytes_out,peak_in_flight,slow_downs,resets,stalls,late_first_bytes"));
        assert_eq!(lines[1], "cap,rangeway,1,8,1,2,0.000000,0.000000,0,3,4,0,0,0,0,0,0");
        assert_eq!(lines[0].split(',').count(), lines[2].split(',').count());
    }

    #[test]
    fn claims_hold_or_not() {
        assert!(Claim::at_least("x", 0.95, 0.95).holds && !Claim::at_least("x", 0.95, 0.949).holds);
        assert!(Claim::at_most("x", 0.03, 0.03).holds && !Claim::at_most("x", 0.03, 0.031).holds);
        assert!(!Claim::at_most("x", 0.03, f64::NAN).holds, "no number is no success");
        assert!(Claim::at_most_times("x", 1.5, 1.5).holds && !Claim::at_most_times("x", 1.5, 1.51).holds);
        assert_eq!(Claim::at_most("x", 0.03, 0.0312).measured, "3.1 %");
        assert_eq!(Claim::at_most_times("x", 1.5, 1.21).measured, "1.21x");
    }
}
