//! What is shown of a run: a table for each scenario, the claims, and a picture.

use std::fmt::Write as _;

use rangeway_benches::{Bar, BarChart, BarGroup, Machine, Medians, Sample, Table, bytes, medians, number};

use crate::claims;

/// The scenarios of the samples, in order.
fn scenarios(samples: &[Sample]) -> Vec<&str> {
    let mut scenarios: Vec<&str> = samples.iter().map(|sample| sample.scenario.as_str()).collect();
    scenarios.dedup();
    scenarios
}

/// Whether the clients of a scenario moved many objects, so that the objects count and not their bytes.
fn is_many(medians: &[Medians]) -> bool {
    medians.iter().any(|medians| medians.objects > 1.0)
}

fn is_ours(medians: &Medians) -> bool {
    medians.client.starts_with("rangeway")
}

/// A table of a scenario's medians.
pub(crate) fn table(samples: &[Sample], scenario: &str) -> Table {
    let all = medians(samples, scenario);
    let ours = all.iter().find(|medians| is_ours(medians)).map_or(f64::NAN, |ours| ours.objects_per_second);
    let per = |slash| format!("rangeway {slash} it");
    let head = if is_many(&all) {
        ["client", "objects/s", "slowest .. fastest", "CPU ms/object", "peak memory", "requests", &per("/")]
            .map(str::to_owned)
    } else {
        ["client", "GB/s", "slowest .. fastest", "CPU s/GiB", "peak memory", "requests", &per("/")]
            .map(str::to_owned)
    };
    let mut table = Table::new(head);
    for of in &all {
        let many = is_many(&all);
        let scale = if many { of.objects_per_second / of.rate } else { 1e-9 };
        table.push([
            of.client.clone(),
            number(of.rate * scale),
            format!("{} .. {}", number(of.rates.0 * scale), number(of.rates.1 * scale)),
            if many { format!("{:.3}", of.cpu_per_object * 1e3) } else { number(of.cpu_per_gib) },
            bytes(of.peak_memory),
            format!("{:.0}", of.requests),
            format!("{}x", number(ours / of.objects_per_second)),
        ]);
    }
    table
}

/// The whole summary as Markdown.
pub(crate) fn markdown(samples: &[Sample], machine: &Machine) -> String {
    let runs =
        scenarios(samples).iter().flat_map(|scenario| medians(samples, scenario)).map(|of| of.runs).min();
    let mut text = format!(
        "# rangeway beside other clients\n\n\
         Medians of {} runs after one that is not counted; the clients of a table took turns. The server ran on the same \
         cores, in a process of its own. [How this is measured](../../../docs/benchmarking.md).\n\n{machine}\n\
         ![chart](chart.svg)\n\n## What is wanted, and what came out\n\n{}",
        runs.unwrap_or_default(),
        claims::table(samples)
    );
    for scenario in scenarios(samples) {
        write!(text, "\n## {scenario}\n\n{}", table(samples, scenario)).expect("writing to a string");
    }
    text
}

/// The picture: speed of each scenario, and processor time where one object is moved.
pub(crate) fn chart(samples: &[Sample]) -> BarChart {
    let mut groups = Vec::new();
    for scenario in scenarios(samples) {
        let medians = medians(samples, scenario);
        let mut group = |unit: &str, value: fn(&Medians) -> f64| {
            let bar = |of: &Medians| Bar { name: of.client.clone(), value: value(of), ours: is_ours(of) };
            let bars = medians.iter().map(bar).collect();
            groups.push(BarGroup { title: scenario.to_owned(), unit: unit.to_owned(), bars });
        };
        if is_many(&medians) {
            group("thousand objects per second, more is better", |of| of.objects_per_second / 1e3);
            group("processor time of the client in ms per object, less is better", |of| {
                of.cpu_per_object * 1e3
            });
        } else {
            group("GB/s, more is better", |of| of.rate / 1e9);
            group("processor seconds of the client per GiB, less is better", |of| of.cpu_per_gib);
        }
    }
    BarChart { title: "rangeway beside other clients".to_owned(), groups }
}
