//! The table of README that says what each kind of store can do, from the stores themselves.

use anyhow::{Context, Result};
use rangeway::{Capabilities, Env, Registry, Settings};

const BEGIN: &str = "<!-- What stores can do, written by `cargo xtask docs` from the stores. -->\n";
const END: &str = "<!-- Until here. -->\n";

/// A store of each kind; opening one sends no request.
const STORES: [(&str, &str); 7] = [
    ("memory", "memory://container"),
    ("s3", "s3://bucket?region=us-east-1&anonymous=true"),
    ("azure", "az://container?account=account&anonymous=true"),
    ("gcs", "gs://bucket?anonymous=true"),
    ("file", "file:///"),
    ("direct", "direct:///"),
    ("http", "http://host/"),
];

/// What a row says of a store.
type Cell = fn(&Capabilities) -> String;

const ROWS: [(&str, Cell); 9] = [
    ("read on a condition", |can| yes(can.conditional_get)),
    ("write only what is new", |can| yes(can.put_create)),
    ("write only over a known etag", |can| yes(can.put_if_match)),
    ("copy only to what is new", |can| yes(can.copy_create)),
    ("metadata and attributes", |can| yes(can.attributes)),
    ("old versions by their id", |can| yes(can.versions)),
    ("every UTF-8 string is a key", |can| yes(can.any_key)),
    ("one request writes at most", |can| size(can.max_put_size)),
    ("a part of an upload has", |can| {
        format!("{} to {}", size(can.parts.min_size), size(can.parts.max_size))
    }),
];

/// The page with the table as it should be.
///
/// # Errors
/// When the page has no place for it, or a store cannot be opened.
pub(crate) fn fill(page: &str) -> Result<String> {
    let (before, rest) = page.split_once(BEGIN).context("README.md has no place for the table")?;
    let (_, after) = rest.split_once(END).context("the table in README.md has no end")?;
    Ok([before, BEGIN, &table(&stores()?), END, after].concat())
}

fn stores() -> Result<Vec<(&'static str, Capabilities)>> {
    let settings = Settings::new(Env::empty());
    let open = |(name, uri)| {
        let (store, _) = Registry::linked().open(uri, &settings).with_context(|| format!("opening {uri}"))?;
        Ok((name, store.capabilities().clone()))
    };
    STORES.into_iter().map(open).collect()
}

fn table(stores: &[(&str, Capabilities)]) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let names = stores.iter().map(|(name, _)| (*name).to_owned());
    let head = line(std::iter::once(String::new()).chain(names).collect());
    let rule = format!("|{}\n", "---|".repeat(stores.len() + 1));
    let rows = ROWS.iter().map(|(what, cell)| {
        let cells = stores.iter().map(|(_, can)| cell(can));
        line(std::iter::once((*what).to_owned()).chain(cells).collect())
    });
    [head, rule].into_iter().chain(rows).collect()
}

fn yes(can: bool) -> String {
    if can { "yes" } else { "no" }.to_owned()
}

/// Bytes in the largest unit that gives a whole number.
fn size(bytes: u64) -> String {
    let units = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let whole = units.iter().find(|(_, shift)| bytes >= 1 << shift && bytes.is_multiple_of(1 << shift));
    match whole {
        _ if bytes == u64::MAX => "any".to_owned(),
        Some((unit, shift)) => format!("{} {unit}", bytes >> shift),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_whole() {
        for (bytes, expected) in
            [(1, "1 B"), (5 << 20, "5 MiB"), (4000 << 20, "4000 MiB"), (5 << 40, "5 TiB"), (u64::MAX, "any")]
        {
            assert_eq!(size(bytes), expected);
        }
    }

    #[test]
    fn the_table_takes_its_place_and_nothing_else() {
        let page = format!("before\n{BEGIN}stale\n{END}after\n");
        let filled = fill(&page).expect("a place");
        assert!(filled.starts_with("before\n") && filled.ends_with("after\n") && !filled.contains("stale"));
        assert!(filled.contains("|  | memory | s3 | azure | gcs | file | direct | http |\n"), "{filled}");
        assert_eq!(fill(&filled).expect("a place"), filled);
        assert!(fill("no place").is_err());
    }

    #[test]
    fn rows_row_by_row() {
        let mut some = Capabilities::all();
        some.versions = false;
        some.max_put_size = 5 << 30;
        let table = table(&[("all", Capabilities::all()), ("some", some)]);
        for row in ["| old versions by their id | yes | no |", "| one request writes at most | any | 5 GiB |"]
        {
            assert!(table.contains(row), "{table}");
        }
    }
}
