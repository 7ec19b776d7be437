//! Where things are on the server.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Where everything is below `/v2/`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// The paths that clients take for granted.
    #[default]
    Default,
    /// None of them: a client finds nothing without the service document and
    /// the links.
    Moved,
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Service,
    AllVendors,
    Vendors,
    Vendor,
    VendorModels,
    Models,
    Model,
    Image,
    DetectAuto,
    DetectManual,
    DetectPoll,
    Bindings,
    Binding,
    Syncml,
    SyncmlClient,
    Setup,
    Sync,
    Activesync,
    ActivesyncClient,
    Datastore,
    DatastoreClient,
    Contents,
    Content,
    Gdata,
    GdataClient,
    GdataEdit,
    GdataDatastores,
    Clients,
    Client,
}

/// Every place with its path in both layouts. `*` stands for an id. Literal
/// paths come before those with an id at the same depth.
const PLACES: &[(Place, &str, &str)] = &[
    (Place::Service, "", ""),
    (
        Place::AllVendors,
        "phones/vendors/all.xml",
        "catalogue/makers/everything",
    ),
    (Place::Vendors, "phones/vendors/", "catalogue/makers/"),
    (Place::Vendor, "phones/vendors/*", "catalogue/makers/*"),
    (
        Place::VendorModels,
        "phones/vendors/*/models/",
        "catalogue/makers/*/handsets/",
    ),
    (Place::Models, "phones/models/", "catalogue/handsets/"),
    (Place::Model, "phones/models/*", "catalogue/handsets/*"),
    (Place::Image, "phones/images/*", "catalogue/pictures/*"),
    (Place::DetectAuto, "phones/detect/auto", "identify/now"),
    (
        Place::DetectManual,
        "phones/detect/manual",
        "identify/invitation",
    ),
    (Place::DetectPoll, "phones/detect/poll", "identify/outcome"),
    (Place::Bindings, "syncengine/bindings/", "pairs/"),
    (Place::Binding, "syncengine/bindings/*", "pairs/*"),
    (Place::Syncml, "services/syncml/", "parties/phones/"),
    (Place::SyncmlClient, "services/syncml/*", "parties/phones/*"),
    (
        Place::Setup,
        "services/syncml/*/setup/",
        "parties/phones/*/settings-message",
    ),
    (
        Place::Sync,
        "services/syncml/*/sync/",
        "parties/phones/*/begin",
    ),
    (
        Place::Activesync,
        "services/activesync/",
        "parties/exchange/",
    ),
    (
        Place::ActivesyncClient,
        "services/activesync/*",
        "parties/exchange/*",
    ),
    (Place::Datastore, "services/datastore/", "parties/stores/"),
    (
        Place::DatastoreClient,
        "services/datastore/*",
        "parties/stores/*",
    ),
    (
        Place::Contents,
        "services/datastore/*/content/",
        "parties/stores/*/items/",
    ),
    (
        Place::Content,
        "services/datastore/*/content/*",
        "parties/stores/*/items/*",
    ),
    (Place::Gdata, "services/google/", "parties/elsewhere/"),
    (
        Place::GdataClient,
        "services/google/*",
        "parties/elsewhere/*",
    ),
    (
        Place::GdataEdit,
        "services/google/*/edit",
        "parties/elsewhere/*/change",
    ),
    (
        Place::GdataDatastores,
        "services/google/*/datastores/",
        "parties/elsewhere/*/feeds/",
    ),
    (Place::Clients, "services/", "parties/"),
    (Place::Client, "services/*", "parties/*"),
];

impl Layout {
    const fn of<'t>(self, row: &(Place, &'t str, &'t str)) -> &'t str {
        match self {
            Self::Default => row.1,
            Self::Moved => row.2,
        }
    }

    /// The place at a path below the base, and the ids in the path. A slash at
    /// the end makes no difference: the service's documentation has both.
    pub(super) fn find(self, path: &str) -> Option<(Place, Vec<String>)> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let segments = path.split('/');
        let segments = segments.map(|segment| percent_decode_str(segment).decode_utf8());
        let segments: Vec<_> = segments.collect::<Result<_, _>>().ok()?;
        PLACES.iter().find_map(|row| {
            let pattern = self.of(row);
            let ids = matched(pattern.strip_suffix('/').unwrap_or(pattern), &segments)?;
            Some((row.0, ids))
        })
    }

    /// The path of a place below the base.
    pub(super) fn path(self, place: Place, ids: &[&str]) -> String {
        let pattern = PLACES
            .iter()
            .find(|row| row.0 == place)
            .map_or("", |row| self.of(row));
        let mut ids = ids.iter();
        let mut path = String::with_capacity(pattern.len() + 40);
        for (index, part) in pattern.split('*').enumerate() {
            if index > 0 {
                let id = ids.next().copied().unwrap_or_default();
                path.extend(escaped(id));
            }
            path.push_str(part);
        }
        path
    }
}

fn matched(pattern: &str, path: &[Cow<'_, str>]) -> Option<Vec<String>> {
    let mut wanted = pattern.split('/');
    let mut ids = Vec::new();
    for segment in path {
        match wanted.next()? {
            "*" if !segment.is_empty() => ids.push(segment.to_string()),
            literal if literal == segment => {}
            _ => return None,
        }
    }
    wanted.next().is_none().then_some(ids)
}

/// Text as a part of a path or of a query.
pub(super) fn escaped(text: &str) -> impl Iterator<Item = &str> {
    utf8_percent_encode(text, RESERVED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_found_at_its_own_path() {
        for layout in [Layout::Default, Layout::Moved] {
            for row in PLACES {
                let ids = ["a/b%2F Å", "c?d"];
                let ids = &ids[..layout.of(row).matches('*').count()];
                let path = layout.path(row.0, ids);
                let (place, found) = layout.find(&path).unwrap();
                assert_eq!(place, row.0, "{path}");
                assert_eq!(found, ids);
            }
        }
    }

    #[test]
    fn no_default_path_leads_anywhere_when_all_have_moved() {
        for row in PLACES.iter().filter(|row| !row.1.is_empty()) {
            let path = Layout::Default.path(row.0, &["x", "y"]);
            assert_eq!(Layout::Moved.find(&path), None, "{path}");
        }
    }

    #[test]
    fn paths_beside_the_known_ones_lead_nowhere() {
        for path in [
            "x",
            "phones",
            "phones/vendors//models",
            "services/syncml/x/y",
            "services/%FF",
        ] {
            assert_eq!(Layout::Default.find(path), None, "{path}");
        }
    }
}
