//! Relative links in Markdown lead to files of the repository.

use std::collections::HashSet;

use super::Finding;
use crate::files::File;

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let places = places(files);
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_markdown()) {
        for (line, target) in relative_links(&file.text) {
            let found = resolve(&file.path, &target).is_some_and(|path| places.contains(path.as_str()));
            if !found {
                let message = format!("the link `{target}` leads nowhere; correct it, or add the file");
                findings.push(Finding::new(&file.path, line, message));
            }
        }
    }
    findings
}

/// All files, and the directories that they are in; the root is empty.
fn places(files: &[File]) -> HashSet<&str> {
    let mut places = HashSet::from([""]);
    for file in files {
        places.insert(&file.path);
        places.extend(file.path.match_indices('/').map(|(at, _)| &file.path[..at]));
    }
    places
}

/// The path from the root that a link in `file` leads to; `None` when it leaves the repository.
fn resolve(file: &str, target: &str) -> Option<String> {
    let directory = file.rsplit_once('/').map_or("", |(directory, _)| directory);
    let mut parts: Vec<&str> = if target.starts_with('/') { vec![] } else { directory.split('/').collect() };
    parts.retain(|part| !part.is_empty());
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The line and the target, without its `#anchor`, of each link to a file. Code is no link.
fn relative_links(text: &str) -> Vec<(usize, String)> {
    let mut fence = None;
    let mut links = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let marker = ["```", "~~~"].into_iter().find(|marker| line.trim_start().starts_with(marker));
        match (fence, marker) {
            (None, Some(_)) => fence = marker,
            (Some(open), Some(marker)) if open == marker => fence = None,
            (Some(_), _) => {}
            (None, None) => {
                let targets = targets(&without_code(line));
                links.extend(targets.into_iter().map(|target| (number, target)));
            }
        }
    }
    links
}

/// The targets of `[text](target "title")` and `[name]: target` that are paths.
fn targets(line: &str) -> Vec<String> {
    let inline = line.match_indices("](").map(|(at, opening)| {
        let rest = &line[at + opening.len()..];
        &rest[..closing_parenthesis(rest)]
    });
    let definition = line.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("]: "));
    let definition = definition.filter(|(name, _)| !name.contains(']')).map(|(_, target)| target);
    inline.chain(definition).filter_map(path_of).map(str::to_owned).collect()
}

/// Where the parenthesis closes that was open before `text`.
fn closing_parenthesis(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return at,
            ')' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

/// The path in a link's target; `None` for URLs, and for anchors in the same page.
fn path_of(target: &str) -> Option<&str> {
    let target = target.split_whitespace().next()?;
    let target = target.trim_start_matches('<').trim_end_matches('>');
    let path = target.split('#').next()?;
    let is_url =
        path.split_once(':').is_some_and(|(scheme, _)| scheme.chars().all(|c| c.is_ascii_alphabetic()));
    (!path.is_empty() && !is_url).then_some(path)
}

/// A line without its `code spans`.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::rows;

    #[test]
    fn links_to_files_are_found() {
        let none: [&str; 0] = [];
        for (line, expected) in [
            ("See [the map](ARCHITECTURE.md).", vec!["ARCHITECTURE.md"]),
            ("[a](a.md#part) and [b](<b.md> \"title\")", vec!["a.md", "b.md"]),
            ("![graph](docs/a_(b).png)", vec!["docs/a_(b).png"]),
            ("[name]: docs/semantics.md", vec!["docs/semantics.md"]),
            ("[![badge](badge.svg)](LICENSE-MIT)", vec!["badge.svg", "LICENSE-MIT"]),
            ("[`Store`](crates/core)", vec!["crates/core"]),
            ("[web](https://example.com/a) [mail](mailto:a@example.com)", none.to_vec()),
            ("[here](#part)", none.to_vec()),
            ("`[code](nowhere.md)`", none.to_vec()),
            ("a slice[0] (of 3)", none.to_vec()),
        ] {
            assert_eq!(targets(&without_code(line)), expected, "{line}");
        }
    }

    #[test]
    fn fenced_code_has_no_links() {
        let text = "[a](a.md)\n```text\n[b](b.md)\n~~~\n```\n[c](c.md)\n";
        assert_eq!(relative_links(text), [(1, "a.md".to_owned()), (6, "c.md".to_owned())]);
    }

    #[test]
    fn links_resolve_from_their_file() {
        for (file, target, expected) in [
            ("README.md", "docs", Some("docs")),
            ("README.md", "docs/", Some("docs")),
            ("docs/a.md", "b.md", Some("docs/b.md")),
            ("docs/a.md", "./../README.md", Some("README.md")),
            ("docs/a.md", "/README.md", Some("README.md")),
            ("docs/a.md", "..", Some("")),
            ("docs/a.md", "../../b.md", None),
        ] {
            assert_eq!(resolve(file, target).as_deref(), expected, "{target} in {file}");
        }
    }

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let files = [
            File::fixture("README.md", "[docs](docs)\n[a](docs/a.md)\n[b](docs/b.md)\n"),
            File::fixture("docs/a.md", "[up](../README.md) [out](../../README.md)\n"),
            File::fixture("src/key.rs", "//! [key](nowhere.md)\n"),
        ];
        let expected = [
            "README.md:3: the link `docs/b.md` leads nowhere; correct it, or add the file",
            "docs/a.md:1: the link `../../README.md` leads nowhere; correct it, or add the file",
        ];
        assert_eq!(rows(&check(&files)), expected);
    }
}
