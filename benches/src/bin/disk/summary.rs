//! What is shown: a table for each scenario, what is promised, and a picture.

use rangeway_benches::{Bar, BarChart, BarGroup, Machine, Medians, Sample, Table, bytes, medians, number};

use crate::Scenario;
use crate::contender::{AGAIN, CAT, CHUNKS, COPY, DD, PUT};

/// What a scenario came to.
pub(crate) fn section(scenario: Scenario, samples: &[Sample]) -> String {
    let mut table = Table::new(["", "runs", "GB/s", "slowest .. fastest", "CPU s/GiB", "peak memory"]);
    for of in medians(samples, scenario.name()) {
        table.push([
            of.client,
            of.runs.to_string(),
            number(of.rate / 1e9),
            format!("{} .. {}", number(of.rates.0 / 1e9), number(of.rates.1 / 1e9)),
            format!("{:.3}", of.cpu_per_gib),
            bytes(of.peak_memory),
        ]);
    }
    format!("## {}\n\n{table}", scenario.name())
}

/// What is promised, and what came out.
pub(crate) fn claims(samples: &[Sample]) -> Table {
    let mut table = Table::new(["what", "wanted", "measured", "holds"]);
    let of = |scenario: Scenario, client: &str| {
        medians(samples, scenario.name()).into_iter().find(|medians| medians.client == client)
    };
    let mut claim = |what: &str, wanted: f64, measured: Option<f64>| {
        let Some(measured) = measured else { return };
        let holds = if measured >= wanted { "yes" } else { "no" };
        table.push([what, &format!(">= {}", number(wanted)), &number(measured), holds]);
    };
    let rates = |scenario, client: &str| Some(of(scenario, client)?.rate / of(scenario, DD)?.rate);
    claim("direct read to memory, rate beside dd", 1.0, rates(Scenario::DirectRead, AGAIN));
    claim("direct read in chunks, rate beside dd", 1.0, rates(Scenario::DirectRead, CHUNKS));
    claim("direct write, rate beside dd", 1.0, rates(Scenario::DirectWrite, PUT));
    // What a byte costs `cat`, which keeps nothing, and then to be kept.
    let cost = |client: &str| Some(of(Scenario::WarmRead, client)?.cpu_per_gib);
    let kept = cost(CAT).zip(cost(COPY)).map(|(cat, copy)| cat + copy);
    for (what, client) in [
        ("warm read to memory, bytes per CPU-second beside cat and one copy", AGAIN),
        ("warm read in chunks, bytes per CPU-second beside cat and one copy", CHUNKS),
    ] {
        claim(what, 0.8, kept.zip(cost(client)).map(|(kept, ours)| kept / ours));
    }
    table
}

/// The whole summary as Markdown.
pub(crate) fn markdown(samples: &[Sample], machine: &Machine) -> String {
    let sections: Vec<String> = Scenario::ALL
        .into_iter()
        .filter(|scenario| samples.iter().any(|sample| sample.scenario == scenario.name()))
        .map(|scenario| section(scenario, samples))
        .collect();
    format!(
        "# rangeway on a disk\n\n\
         Medians of runs by turns. `dd` moves 4 MiB at a time with `O_DIRECT`. rangeway has no setting. \
         [How this is measured](../../../docs/benchmarking.md).\n\n{machine}\n\
         ![chart](chart.svg)\n\n## What is wanted, and what came out\n\n{}\n{}",
        claims(samples),
        sections.join("\n")
    )
}

/// The picture: rates past the page cache, and what a byte from the page cache costs.
pub(crate) fn chart(samples: &[Sample]) -> BarChart {
    let group = |scenario: Scenario, unit: &str, value: fn(&Medians) -> f64| {
        let bars = medians(samples, scenario.name()).into_iter().map(|of| Bar {
            value: value(&of),
            ours: of.client.starts_with("rangeway"),
            name: of.client,
        });
        BarGroup { title: scenario.name().to_owned(), unit: unit.to_owned(), bars: bars.collect() }
    };
    let rate = "GB/s, more is better";
    let groups = vec![
        group(Scenario::WarmRead, "CPU-seconds per GiB, less is better", |of| of.cpu_per_gib),
        group(Scenario::DirectRead, rate, |of| of.rate / 1e9),
        group(Scenario::DirectWrite, rate, |of| of.rate / 1e9),
    ];
    let groups = groups.into_iter().filter(|group| !group.bars.is_empty()).collect();
    BarChart { title: "rangeway on a disk".to_owned(), groups }
}
