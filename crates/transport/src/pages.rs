//! Listings in pages: each is fetched when the last one has been consumed, so memory holds one of them.

use std::collections::VecDeque;

use futures::stream::{self, BoxStream, StreamExt};
use rangeway_core::{Error, ErrorKind, ListEntry, Result};

/// One page of a listing.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// Its entries, in order.
    pub entries: VecDeque<ListEntry>,
    /// What to ask for the next page with; `None` at the end.
    pub next: Option<String>,
}

/// Where a listing is.
struct Cursor {
    page: VecDeque<ListEntry>,
    /// The token of the next page: `None` for the first.
    token: Option<String>,
    ended: bool,
}

/// The entries of all pages. `fetch` is given what the page before said to ask with, `None` for the first.
///
/// # Errors
/// Those of `fetch`; `Integrity` when a page leads to itself.
pub fn entries<F>(
    fetch: impl Fn(Option<String>) -> F + Send + Sync + 'static,
) -> BoxStream<'static, Result<ListEntry>>
where
    F: Future<Output = Result<Page>> + Send + 'static,
{
    let cursor = Cursor { page: VecDeque::new(), token: None, ended: false };
    let fetch = std::sync::Arc::new(fetch);
    stream::try_unfold(cursor, move |mut cursor| {
        let fetch = std::sync::Arc::clone(&fetch);
        async move {
            loop {
                if let Some(entry) = cursor.page.pop_front() {
                    return Ok(Some((entry, cursor)));
                }
                if cursor.ended {
                    return Ok(None);
                }
                let page = fetch(cursor.token.clone()).await?;
                if page.next.is_some() && page.next == cursor.token {
                    let what = "the listing does not get on: its next page is the same again";
                    return Err(Error::new(ErrorKind::Integrity, what));
                }
                cursor.page = page.entries;
                cursor.ended = page.next.is_none();
                cursor.token = page.next;
            }
        }
    })
    .boxed()
}

/// Objects and groups, each in order, as one sequence in order.
pub fn merge(mut left: VecDeque<ListEntry>, mut right: VecDeque<ListEntry>) -> VecDeque<ListEntry> {
    let mut merged = VecDeque::with_capacity(left.len() + right.len());
    loop {
        let from_left = match (left.front(), right.front()) {
            (Some(left), Some(right)) => left.name() <= right.name(),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => return merged,
        };
        merged.extend(if from_left { left.pop_front() } else { right.pop_front() });
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;
    use futures::executor::block_on;

    use super::*;

    fn page(names: &[&str], next: Option<&str>) -> Page {
        let entries = names.iter().map(|name| ListEntry::Prefix((*name).to_owned())).collect();
        Page { entries, next: next.map(str::to_owned) }
    }

    fn names(entries: impl IntoIterator<Item = ListEntry>) -> Vec<String> {
        entries.into_iter().map(|entry| entry.name().to_owned()).collect()
    }

    #[test]
    fn pages_follow_each_other_and_may_be_empty() -> Result<()> {
        let all = entries(|token| async move {
            Ok(match token.as_deref() {
                None => page(&["a", "b"], Some("1")),
                Some("1") => page(&[], Some("2")),
                _ => page(&["c"], None),
            })
        });
        assert_eq!(names(block_on(all.try_collect::<Vec<_>>())?), ["a", "b", "c"]);
        Ok(())
    }

    #[test]
    fn a_page_that_leads_to_itself_is_an_error() {
        let all = entries(|_| async { Ok(page(&["a"], Some("1"))) });
        let error = block_on(all.try_collect::<Vec<_>>()).expect_err("never ends");
        assert_eq!(error.kind(), ErrorKind::Integrity);
    }

    #[test]
    fn two_sequences_become_one() {
        let merged = merge(page(&["a", "c", "d"], None).entries, page(&["b", "e"], None).entries);
        assert_eq!(names(merged), ["a", "b", "c", "d", "e"]);
    }
}
