//! Pages that do not come to an end.

use sync_core::Error;

use crate::error::endless;
use crate::model::{Page, PaginationToken, Token};

/// How many pages, or pages' worth of items, a chain may have beyond what its
/// answers announce: results change while they are fetched, and empty pages
/// are followed.
const SLACK: u64 = 64;

/// Watches over a chain of pages, from its first to its last.
///
/// Every page of a chain brings items or none. Those that bring some are
/// bounded by `total_count`, the others by [`SLACK`]; and a token that comes
/// again is a circle, however long (found in constant memory, by Brent's
/// algorithm).
#[derive(Clone, Debug, Default)]
pub(crate) struct ChainGuard {
    items: u64,
    empty: u64,
    total: Option<u64>,
    landmark: Option<PaginationToken>,
    steps: u64,
    limit: u64,
}

impl ChainGuard {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Takes note of a page, which is the next of the chain.
    ///
    /// # Errors
    ///
    /// The chain has no end. The page is not to be used.
    pub(crate) fn check(&mut self, page: &Page) -> Result<(), Error> {
        let Token::Page(next) = &page.next else {
            // Another chain begins after it.
            *self = Self::new();
            return Ok(());
        };
        if self.landmark.as_ref() == Some(next) {
            return Err(endless(
                "the service's pages run in a circle: a pagination_token came again",
            ));
        }
        self.steps += 1;
        if self.steps >= self.limit {
            self.landmark = Some(next.clone());
            self.steps = 0;
            self.limit = (self.limit * 2).max(1);
        }
        self.items += page.items.len() as u64;
        self.empty += u64::from(page.items.is_empty());
        self.total = self.total.max(page.total_count);
        // What a page says of itself may be as wrong as its total.
        let size = page.limit.unwrap_or(100).max(page.items.len() as u64);
        let slack = SLACK * size.clamp(1, 1000);
        if self.empty > SLACK
            || self
                .total
                .is_some_and(|total| self.items > total.saturating_add(slack))
        {
            return Err(endless(format!(
                "the pages do not come to an end: {} items and {} empty pages so far, of {} \
                 announced",
                self.items,
                self.empty,
                self.total.unwrap_or(self.items),
            )));
        }
        Ok(())
    }
}
