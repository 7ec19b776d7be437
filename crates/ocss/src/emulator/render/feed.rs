//! Listings, page by page.

use super::{Item, Site};
use crate::emulator::answer::{Answer, FEED};
use crate::emulator::query::Query;
use crate::emulator::xml::{ATOM, OPEN_SEARCH, Writer};
use crate::time::Timestamp;

/// Where the link to the next page leads, when it isn't to the next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::emulator) enum Next {
    /// To this very page.
    Loop,
    /// Elsewhere.
    To(String),
}

/// A page of a listing. `url` is the collection's, without a query.
pub(in crate::emulator) fn feed(
    site: &Site,
    url: &str,
    title: &str,
    items: &[Item<'_>],
    query: &Query,
    size: usize,
    fault: Option<&Next>,
) -> Result<Answer, Answer> {
    let size = size.max(1);
    let last = items.len().div_ceil(size).max(1);
    let page = match query.get("page").map(str::parse::<usize>) {
        None => 1,
        // One after the last is empty: others may delete while it is read.
        Some(Ok(page @ 1..)) => page,
        Some(_) => return Err(Answer::bad_request("there is no such page")),
    };
    let start = (page - 1).saturating_mul(size);
    let link_to = |page: usize| format!("{url}{}", query.for_page(page));
    let here = link_to(page);

    let mut out = Writer::document();
    out.open("feed", &[("xmlns", ATOM), ("xmlns:os", OPEN_SEARCH)]);
    out.open("author", &[]);
    out.element("name", "ObexCode AS");
    out.close("author");
    out.element("id", url);
    out.element("title", title);
    // Whole seconds: a client that asks for changes since then gets those of
    // this second again, and misses none.
    let updated = Timestamp::from_unix(site.now.unix_seconds(), 0).unwrap_or(site.now);
    out.element("updated", &updated.to_string());
    let mut link = |rel: &str, href: &str| out.empty("link", &[("rel", rel), ("href", href)]);
    link("self", &here);
    link("first", &link_to(1));
    link("last", &link_to(last));
    if page > 1 {
        link("previous", &link_to(last.min(page - 1)));
    }
    match fault {
        Some(Next::Loop) => link("next", &here),
        Some(Next::To(elsewhere)) => link("next", elsewhere),
        None if page < last => link("next", &link_to(page + 1)),
        None => {}
    }
    out.element("os:totalResults", &items.len().to_string());
    out.element("os:itemsPerPage", &size.to_string());
    out.element("os:startIndex", &start.saturating_add(1).to_string());
    for item in items.iter().skip(start).take(size) {
        item.write(site, &mut out, &[]);
    }
    out.close("feed");
    Ok(Answer::document(FEED, out.finish()))
}
