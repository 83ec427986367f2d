//! `Sample`: one measured run of one client, and the medians over its runs.

use std::time::Duration;

use crate::Usage;

const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

/// One measured run.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// What was done, the same for all that are compared, as `get-http`.
    pub scenario: String,
    /// Who did it.
    pub client: String,
    /// Counted from 1 for each client.
    pub iteration: u32,
    /// Bytes of objects that were moved.
    pub bytes: u64,
    /// Objects that were moved.
    pub objects: u64,
    /// Requests that the server answered.
    pub requests: u64,
    /// What it cost the client.
    pub usage: Usage,
}

impl Sample {
    /// Bytes per second.
    #[allow(clippy::cast_precision_loss, reason = "sizes of transfers are far below 2^52")]
    pub fn rate(&self) -> f64 {
        self.bytes as f64 / seconds(self.usage.wall)
    }

    /// Seconds of processor time for each GiB.
    #[allow(clippy::cast_precision_loss, reason = "sizes of transfers are far below 2^52")]
    pub fn cpu_per_gib(&self) -> f64 {
        self.usage.cpu.as_secs_f64() / (self.bytes as f64 / GIB)
    }

    /// Objects per second.
    #[allow(clippy::cast_precision_loss, reason = "counts of objects are far below 2^52")]
    pub fn objects_per_second(&self) -> f64 {
        self.objects as f64 / seconds(self.usage.wall)
    }

    /// Seconds of processor time for each object.
    #[allow(clippy::cast_precision_loss, reason = "counts of objects are far below 2^52")]
    pub fn cpu_per_object(&self) -> f64 {
        self.usage.cpu.as_secs_f64() / self.objects as f64
    }
}

/// Never zero, so that a rate is always finite.
fn seconds(time: Duration) -> f64 {
    time.as_secs_f64().max(1e-9)
}

/// The middle one of each number over the runs of one client.
#[derive(Debug, Clone, PartialEq)]
pub struct Medians {
    /// Who did it.
    pub client: String,
    /// How many runs there were.
    pub runs: usize,
    /// Bytes per second.
    pub rate: f64,
    /// The slowest and the fastest run, in bytes per second.
    pub rates: (f64, f64),
    /// Seconds of processor time for each GiB.
    pub cpu_per_gib: f64,
    /// Objects per second.
    pub objects_per_second: f64,
    /// Seconds of processor time for each object.
    pub cpu_per_object: f64,
    /// In bytes.
    pub peak_memory: f64,
    /// Requests that the server answered.
    pub requests: f64,
    /// Objects that were moved.
    pub objects: f64,
}

/// The medians of the clients of a scenario, in the order in which they first ran.
#[allow(clippy::cast_precision_loss, reason = "bytes of memory and counts of requests are far below 2^52")]
pub fn medians(samples: &[Sample], scenario: &str) -> Vec<Medians> {
    let samples: Vec<&Sample> = samples.iter().filter(|sample| sample.scenario == scenario).collect();
    let mut clients: Vec<&str> = Vec::new();
    for sample in &samples {
        if !clients.contains(&sample.client.as_str()) {
            clients.push(&sample.client);
        }
    }
    let of = |client: &str| {
        let runs: Vec<&Sample> = samples.iter().copied().filter(|sample| sample.client == client).collect();
        let middle = |value: fn(&Sample) -> f64| median(runs.iter().map(|sample| value(sample)));
        let rates = runs.iter().map(|sample| sample.rate());
        Medians {
            client: client.to_owned(),
            runs: runs.len(),
            rate: middle(Sample::rate),
            rates: (rates.clone().fold(f64::INFINITY, f64::min), rates.fold(0.0, f64::max)),
            cpu_per_gib: middle(Sample::cpu_per_gib),
            objects_per_second: middle(Sample::objects_per_second),
            cpu_per_object: middle(Sample::cpu_per_object),
            peak_memory: middle(|sample| sample.usage.peak_memory as f64),
            requests: middle(|sample| sample.requests as f64),
            objects: middle(|sample| sample.objects as f64),
        }
    };
    clients.into_iter().map(of).collect()
}

/// The middle value; the mean of the middle two of an even number, and not a number of none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 0 => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(client: &str, iteration: u32, milliseconds: u64) -> Sample {
        let wall = Duration::from_millis(milliseconds);
        let usage = Usage { wall, cpu: wall / 2, peak_memory: milliseconds };
        Sample {
            scenario: "get".to_owned(),
            client: client.to_owned(),
            iteration,
            bytes: 1 << 30,
            objects: 1000,
            requests: 128,
            usage,
        }
    }

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        for (values, expected) in
            [(vec![3.0], 3.0), (vec![9.0, 1.0, 2.0], 2.0), (vec![4.0, 1.0, 2.0, 9.0], 3.0)]
        {
            assert!((median(values.clone()) - expected).abs() < 1e-12, "{values:?}");
        }
        assert!(median([]).is_nan());
    }

    #[test]
    fn clients_stay_apart_and_in_order() {
        let mut samples =
            vec![sample("b", 1, 500), sample("a", 1, 100), sample("b", 2, 1000), sample("b", 3, 2000)];
        samples.push(Sample { scenario: "put".to_owned(), ..sample("a", 1, 7) });
        let medians = medians(&samples, "get");
        let [b, a] = medians.as_slice() else { panic!("{medians:?}") };
        assert_eq!((b.client.as_str(), b.runs, a.client.as_str(), a.runs), ("b", 3, "a", 1));
        assert!((b.rate - GIB).abs() < 1.0 && (b.cpu_per_gib - 0.5).abs() < 1e-9, "{b:?}");
        assert!((b.objects_per_second - 1000.0).abs() < 1e-6 && (b.cpu_per_object - 0.0005).abs() < 1e-9);
        assert!((b.rates.0 - GIB / 2.0).abs() < 1.0 && (b.rates.1 - GIB * 2.0).abs() < 1.0, "{b:?}");
    }
}
