//! What rangeway promises beside others, as a table, and whether the numbers of a run hold it.

use rangeway_benches::{Sample, Table, medians, number};

/// What is compared.
#[derive(Debug, Clone, Copy)]
enum Measure {
    /// Bytes, or objects, per second.
    Rate,
    /// Processor time for each GiB, or for each object.
    Cpu,
    /// Requests for each object of its own run; nobody else's.
    Requests,
}

/// Where the ratio of ours to theirs has to be.
#[derive(Debug, Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
    Below(f64),
}

use Bound::{AtLeast, AtMost, Below};
use Measure::{Cpu, Rate, Requests};

/// A scenario and a client of it.
type Run = (&'static str, &'static str);

const GET: &str = "get over http";
const HTTPS: &str = "get over https";
const PUT: &str = "put over http";
const CP_DOWN: &str = "cp from s3 to tmpfs";
const CP_UP: &str = "cp from tmpfs to s3";
const SMALL: &str = "64 KiB objects";
const TINY: &str = "1 KiB objects";
const CP_SMALL: &str = "cp 64 KiB objects to tmpfs";
const CP_TINY: &str = "cp 1 KiB objects to tmpfs";
const OURS: &str = "rangeway";
const OUR_BUFFER: &str = "rangeway, caller's buffer";
const OUR_CHUNKS: &str = "rangeway, loose chunks";
const OUR_CP: &str = "rangeway cp";
const S5CMD: &str = "s5cmd cp";
const STORE: &str = "object_store";
const RANGES_BUFFER: &str = "object_store, get_range in parallel, one buffer";
const RANGES_LOOSE: &str = "object_store, get_range in parallel, loose";

/// Ours, what, theirs, and where the ratio has to be.
const CLAIMS: [(Run, Measure, Run, Bound); 35] = [
    ((GET, OURS), Rate, (GET, "object_store, get"), AtLeast(3.0)),
    ((GET, OURS), Rate, (GET, "s3dlio"), AtLeast(3.0)),
    ((GET, OURS), Rate, (GET, "obstore, get"), AtLeast(3.0)),
    ((GET, OURS), Rate, (GET, "AWS transfer manager, one buffer"), AtLeast(3.0)),
    ((GET, OURS), Rate, (GET, "AWS transfer manager, loose"), AtLeast(1.7)),
    ((GET, OUR_CHUNKS), Rate, (GET, "AWS transfer manager, loose"), AtLeast(1.7)),
    ((GET, OURS), Cpu, (GET, "bare recv, warm memory"), AtMost(1.2)),
    ((GET, OUR_BUFFER), Cpu, (GET, "bare recv, warm memory"), AtMost(1.2)),
    ((GET, "rangeway, fresh memory"), Cpu, (GET, "bare recv, fresh huge pages"), AtMost(1.2)),
    ((HTTPS, OURS), Rate, (HTTPS, RANGES_BUFFER), AtLeast(1.4)),
    ((HTTPS, OURS), Rate, (HTTPS, RANGES_LOOSE), AtLeast(1.4)),
    ((HTTPS, OURS), Cpu, (HTTPS, RANGES_BUFFER), AtMost(0.7)),
    ((HTTPS, OURS), Cpu, (HTTPS, RANGES_LOOSE), AtMost(0.7)),
    ((CP_DOWN, OUR_CP), Rate, (CP_DOWN, S5CMD), AtLeast(1.8)),
    ((CP_DOWN, OUR_CP), Cpu, (CP_DOWN, S5CMD), Below(1.0)),
    ((CP_UP, OUR_CP), Rate, (CP_UP, S5CMD), AtLeast(1.5)),
    ((CP_UP, OUR_CP), Cpu, (CP_UP, S5CMD), Below(1.0)),
    ((PUT, OURS), Rate, (PUT, "object_store, BufWriter"), AtLeast(1.5)),
    ((PUT, OURS), Cpu, (PUT, "object_store, BufWriter"), Below(1.0)),
    ((SMALL, OURS), Requests, (SMALL, OURS), AtMost(1.0)),
    ((SMALL, OURS), Rate, (SMALL, STORE), AtLeast(1.0)),
    ((SMALL, OURS), Cpu, (SMALL, STORE), AtMost(0.7)),
    ((SMALL, OURS), Rate, (CP_SMALL, S5CMD), AtLeast(1.0)),
    ((SMALL, OURS), Cpu, (CP_SMALL, S5CMD), AtMost(0.25)),
    ((CP_SMALL, OUR_CP), Rate, (CP_SMALL, S5CMD), AtLeast(1.0)),
    ((CP_SMALL, OUR_CP), Cpu, (CP_SMALL, S5CMD), AtMost(0.25)),
    ((TINY, OURS), Requests, (TINY, OURS), AtMost(1.0)),
    ((TINY, OURS), Rate, (TINY, STORE), AtLeast(1.0)),
    ((TINY, OURS), Cpu, (TINY, STORE), AtMost(0.7)),
    ((TINY, OURS), Rate, (CP_TINY, S5CMD), AtLeast(1.0)),
    ((TINY, OURS), Cpu, (CP_TINY, S5CMD), AtMost(0.25)),
    ((CP_TINY, OUR_CP), Rate, (CP_TINY, S5CMD), AtLeast(1.0)),
    ((CP_TINY, OUR_CP), Cpu, (CP_TINY, S5CMD), AtMost(0.25)),
    ((GET, OUR_CHUNKS), Rate, (GET, RANGES_LOOSE), AtLeast(1.0)),
    ((GET, OURS), Rate, (GET, RANGES_BUFFER), AtLeast(1.0)),
];

impl Bound {
    fn holds(self, ratio: f64) -> bool {
        match self {
            AtLeast(bound) => ratio >= bound,
            AtMost(bound) => ratio <= bound,
            Below(bound) => ratio < bound,
        }
    }

    fn text(self) -> String {
        match self {
            AtLeast(bound) => format!(">= {}", number(bound)),
            AtMost(bound) => format!("<= {}", number(bound)),
            Below(bound) => format!("< {}", number(bound)),
        }
    }
}

/// The claims whose runs are among the samples, each with what was measured.
pub(crate) fn table(samples: &[Sample]) -> Table {
    let find = |(scenario, client): Run| {
        medians(samples, scenario).into_iter().find(|medians| medians.client == client)
    };
    let mut table = Table::new(["ours", "beside", "what", "wanted", "measured", "holds"]);
    for (ours, measure, theirs, bound) in CLAIMS {
        let (Some(our), Some(their)) = (find(ours), find(theirs)) else { continue };
        let (what, ratio) = match measure {
            // Both moved the same objects, so that bytes give the same ratio as objects.
            Rate => ("speed", our.objects_per_second / their.objects_per_second),
            Cpu => ("processor time", our.cpu_per_object / their.cpu_per_object),
            Requests => ("requests per object", our.requests / our.objects),
        };
        let name = |(scenario, client): Run| format!("{scenario}: {client}");
        let other = match measure {
            Requests => String::new(),
            _ if ours.0 == theirs.0 => theirs.1.to_owned(),
            _ => name(theirs),
        };
        let holds = if bound.holds(ratio) { "yes" } else { "no" };
        table.push([name(ours), other, what.to_owned(), bound.text(), number(ratio), holds.to_owned()]);
    }
    table
}
