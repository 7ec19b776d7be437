//! A full sync in several chains at a time.

use std::collections::BTreeSet;

use crate::model::{ContentTypeUid, Filter, ItemType, Locale};
use crate::store::{Chain, Identity};

/// How a full sync is divided into chains.
///
/// The token of a page is on the page before it, so one chain is read one
/// page after the other. Chains with filters that do not overlap are read at
/// the same time, and each keeps its own token: a delta then asks once for
/// each chain. The division is chosen when a full sync begins, and stays until
/// the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shards {
    by: By,
    locales: Vec<Locale>,
    max_chains: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// One chain of everything.
    Nothing,
    Kind,
    ContentType,
}

/// How many chains are read at a time, unless something else is said.
const MAX_CHAINS: usize = 8;

impl Shards {
    fn new(by: By) -> Self {
        Self {
            by,
            locales: Vec::new(),
            max_chains: MAX_CHAINS,
        }
    }

    /// One chain: as without sharding.
    pub fn none() -> Self {
        Self::new(By::Nothing)
    }

    /// Entries and assets.
    pub fn by_kind() -> Self {
        Self::new(By::Kind)
    }

    /// A chain for the entries of each content type, which are asked for with
    /// every run, and one for assets. A type that is new gets its own chain.
    pub fn by_content_type() -> Self {
        Self::new(By::ContentType)
    }

    /// Divides each chain further, into these locales. What is published to
    /// another one is not mirrored: the service has no list of them.
    #[must_use]
    pub fn locales<L: Into<Locale>>(mut self, locales: impl IntoIterator<Item = L>) -> Self {
        let locales: BTreeSet<Locale> = locales.into_iter().map(Into::into).collect();
        self.locales = locales.into_iter().collect();
        self
    }

    /// How many chains are read at a time: 8 by default, at least 1.
    #[must_use]
    pub fn max_chains(mut self, chains: usize) -> Self {
        self.max_chains = chains.max(1);
        self
    }

    pub(super) fn chains_at_a_time(&self) -> usize {
        self.max_chains
    }

    /// Whether the content types must be known to plan.
    pub(super) fn needs_types(&self, identity: &Identity) -> bool {
        // One type is one chain already.
        identity.filter.content_type.is_none()
            && identity.content_types.is_empty()
            && self.by == By::ContentType
    }

    /// The chains of a mirror.
    pub(super) fn plan(&self, identity: &Identity, types: &[ContentTypeUid]) -> Vec<Chain> {
        let filter = &identity.filter;
        let mut chains = Vec::new();
        if !identity.content_types.is_empty() {
            let types = identity.content_types.iter();
            chains.extend(types.filter_map(|uid| of_type(filter, uid)));
            chains.extend(rest(filter));
        } else if filter.content_type.is_some() || self.by == By::Nothing {
            chains.push(Chain::new("main", filter.clone()));
        } else if self.by == By::Kind {
            chains.extend(limited(filter, &ItemType::ENTRIES).map(|f| Chain::new("entries", f)));
            chains.extend(rest(filter));
        } else {
            chains.extend(types.iter().filter_map(|uid| of_type(filter, uid)));
            chains.extend(rest(filter));
        }
        if chains.is_empty() {
            // There are no types yet, or the filter names none that is divided.
            chains.push(Chain::new("main", filter.clone()));
        }
        if self.locales.is_empty() || filter.locale.is_some() {
            return chains;
        }
        chains
            .into_iter()
            .flat_map(|chain| self.split(chain))
            .collect()
    }

    fn split(&self, chain: Chain) -> Vec<Chain> {
        let mut filter = chain.filter;
        let mut chains = Vec::new();
        // A type is deleted in no locale.
        if filter.types.remove(&ItemType::ContentTypeDeleted) {
            let types = Filter::new().types([ItemType::ContentTypeDeleted]);
            let filter = Filter {
                start_from: filter.start_from.clone(),
                ..types
            };
            chains.push(Chain::new("deleted content types", filter));
        }
        for locale in &self.locales {
            let name = format!("{} in {locale}", chain.name);
            chains.push(Chain::new(name, filter.clone().locale(locale.clone())));
        }
        chains
    }
}

/// Chains for types that have none yet, where there is one for each type.
pub(super) fn missing(
    identity: &Identity,
    chains: &[Chain],
    types: &[ContentTypeUid],
) -> Vec<Chain> {
    let known: BTreeSet<_> = chains
        .iter()
        .filter_map(|chain| chain.filter.content_type.as_ref())
        .collect();
    let new: Vec<_> = types
        .iter()
        .filter(|uid| !known.contains(uid))
        .cloned()
        .collect();
    if new.is_empty() {
        return Vec::new();
    }
    let locales: BTreeSet<Locale> = chains
        .iter()
        .filter_map(|chain| chain.filter.locale.clone())
        .collect();
    let mut planned = Shards::by_content_type()
        .locales(locales)
        .plan(identity, &new);
    planned.retain(|chain| chain.filter.content_type.is_some());
    planned
}

/// Whether the chains are those of [`Shards::by_content_type`], and so may
/// lack some type: entries are wanted, and no chain brings those of all types.
pub(super) fn follows_types(identity: &Identity, chains: &[Chain]) -> bool {
    let has_entries = |filter: &Filter| limited(filter, &ItemType::ENTRIES).is_some();
    identity.filter.content_type.is_none()
        && identity.content_types.is_empty()
        && has_entries(&identity.filter)
        && !chains
            .iter()
            .any(|chain| chain.filter.content_type.is_none() && has_entries(&chain.filter))
}

/// The entries of one type. Without types of items it brings published entries
/// first, and then all that becomes of them.
fn of_type(filter: &Filter, uid: &ContentTypeUid) -> Option<Chain> {
    let filter = match filter.types.is_empty() {
        true => filter.clone(),
        false => limited(filter, &ItemType::ENTRIES)?,
    };
    let filter = filter.content_type(uid.clone());
    Some(Chain::new(format!("type {uid}"), filter))
}

/// Assets, and types that are deleted, which one chain only shall report.
fn rest(filter: &Filter) -> Option<Chain> {
    let mut types = ItemType::ASSETS.to_vec();
    types.push(ItemType::ContentTypeDeleted);
    limited(filter, &types).map(|filter| Chain::new("assets", filter))
}

/// Only these types, as far as they are wanted at all.
fn limited(filter: &Filter, types: &[ItemType]) -> Option<Filter> {
    let wanted = types
        .iter()
        .filter(|name| filter.types.is_empty() || filter.types.contains(name));
    let wanted: BTreeSet<ItemType> = wanted.cloned().collect();
    (!wanted.is_empty()).then(|| Filter {
        types: wanted,
        ..filter.clone()
    })
}
