//! What is shown: a section for each row, the claims of all, and a picture.

use rangeway_benches::{BarChart, Machine, Sample, Table, medians, number};

use crate::outcome::Outcome;
use crate::row::Row;

/// All claims.
pub(crate) fn claims(outcomes: &[(Row, Outcome)]) -> Table {
    let mut table = Table::new(["row", "what", "wanted", "measured", "holds"]);
    for (row, outcome) in outcomes {
        for claim in &outcome.claims {
            let holds = if claim.holds { "yes" } else { "no" };
            table.push([row.name(), claim.what, claim.wanted.as_str(), claim.measured.as_str(), holds]);
        }
    }
    table
}

/// What a row came to.
pub(crate) fn section(row: Row, outcome: &Outcome) -> String {
    let samples: Vec<Sample> = outcome.runs.iter().map(|run| run.sample.clone()).collect();
    let mut table = Table::new(["client", "runs", "MB/s", "slowest .. fastest", "CPU s/GiB", "requests"]);
    for of in medians(&samples, row.name()) {
        table.push([
            of.client,
            of.runs.to_string(),
            number(of.rate / 1e6),
            format!("{} .. {}", number(of.rates.0 / 1e6), number(of.rates.1 / 1e6)),
            number(of.cpu_per_gib),
            number(of.requests),
        ]);
    }
    let facts: Vec<String> =
        outcome.facts.iter().map(|(name, value)| format!("- {name}: {value}\n")).collect();
    format!("## {}: {}\n\n{table}\n{}", row.name(), row.title(), facts.concat())
}

/// The whole summary as Markdown.
pub(crate) fn markdown(outcomes: &[(Row, Outcome)], machine: &Machine) -> String {
    let sections: Vec<String> = outcomes.iter().map(|(row, outcome)| section(*row, outcome)).collect();
    format!(
        "# rangeway at a pace\n\n\
         Medians. The server keeps the pace in a process of its own on the same cores; rangeway has no setting but \
         where the server is. [How this is measured](../../../docs/benchmarking.md).\n\n{machine}\n\
         ![chart](chart.svg)\n\n## What is wanted, and what came out\n\n{}\n{}",
        claims(outcomes),
        sections.join("\n")
    )
}

/// The picture.
pub(crate) fn chart(outcomes: &[(Row, Outcome)]) -> BarChart {
    let groups = outcomes.iter().flat_map(|(_, outcome)| outcome.bars.clone()).collect();
    BarChart { title: "rangeway at a pace".to_owned(), groups }
}
