//! One answer.

use super::{Item, PaginationToken, Position, SyncToken, Token};

/// One answer of the Sync API.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page {
    /// What it reports. An initial sync lists the newest first.
    pub items: Vec<Item>,
    /// What comes after it. Where an answer has both tokens, the pagination
    /// token: the result is not at its end.
    pub next: Token,
    /// How many items of the result come before this page, if it says so.
    pub skip: Option<u64>,
    /// How many items a page of this result has at the most, if it says so.
    pub limit: Option<u64>,
    /// How many items the whole result has, if it says so. Good for showing
    /// progress: it may change from page to page.
    pub total_count: Option<u64>,
    /// The sync was begun anew, because the service no longer knew the token,
    /// and this is the first page of it. What was there before and does not
    /// come again is gone. Only where
    /// [`resync_on_invalid_token`](crate::SyncCall::resync_on_invalid_token) allows it.
    pub resync: bool,
}

impl Page {
    /// A page with these items and this token.
    pub fn new(items: Vec<Item>, next: Token) -> Self {
        Self {
            items,
            next,
            skip: None,
            limit: None,
            total_count: None,
            resync: false,
        }
    }

    /// Whether it is the last of its result.
    pub fn is_last(&self) -> bool {
        matches!(self.next, Token::Sync(_))
    }

    /// The token of the next page, on all but the last (the seed's
    /// `paginationToken`).
    pub fn pagination_token(&self) -> Option<&PaginationToken> {
        match &self.next {
            Token::Page(token) => Some(token),
            Token::Sync(_) => None,
        }
    }

    /// The token for what has changed since, on the last page (the seed's
    /// `syncToken`).
    pub fn sync_token(&self) -> Option<&SyncToken> {
        match &self.next {
            Token::Page(_) => None,
            Token::Sync(token) => Some(token),
        }
    }

    /// Where to go on after it.
    pub fn position(&self) -> Position {
        match &self.next {
            Token::Page(token) => Position::Page(token.clone()),
            Token::Sync(token) => Position::Delta(token.clone()),
        }
    }

    /// How much of the result there is after this page, between 0 and 1, if
    /// the answer says so.
    pub fn progress(&self) -> Option<f64> {
        let total = self.total_count?;
        let done = self.skip?.saturating_add(self.items.len() as u64);
        match (self.is_last(), total) {
            (true, _) | (false, 0) => Some(1.0),
            (false, total) => Some((done as f64 / total as f64).min(1.0)),
        }
    }
}
