//! Where things are on the service.

use std::collections::BTreeMap;
use std::fmt;

use http::Uri;
use http::uri::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sync_core::Error;
use sync_core::call::resolve;

use crate::error::local;
use crate::model::Id;

/// Everything but the unreserved characters of RFC 3986 section 2.3.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

macro_rules! roles {
    ($($(#[$doc:meta])* $role:ident = $name:literal, $title:literal, $path:literal;)*) => {
        /// A place on the service: a collection, or something to be done.
        ///
        /// The names and titles are those of service documents; the paths are
        /// relative to the base URL. Where each path comes from is told in the
        /// README.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Role {
            $($(#[$doc])* #[doc = concat!("\n\nDefault path: `", $path, "`")] $role,)*
        }

        impl Role {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$role),*];

            /// The name in service documents (`oc:role`).
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$role => $name,)*
                }
            }

            /// The title in service documents, for collections without a role.
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$role => $title,)*
                }
            }

            /// The path under the base URL, unless told otherwise.
            pub const fn default_path(self) -> &'static str {
                match self {
                    $(Self::$role => $path,)*
                }
            }
        }
    };
}

roles! {
    /// All manufacturers.
    Vendors = "phones.vendors", "Vendors", "phones/vendors/";
    /// The models of one manufacturer.
    VendorModels = "phones.vendors.models", "Vendor models", "phones/vendors/{owner}/models/";
    /// All models.
    Models = "phones.models", "Models", "phones/models/";
    /// Detects a phone by its number alone.
    DetectAuto = "phones.detect.auto", "Automatic detection", "phones/detect/auto";
    /// Sends an invitation to the detection page.
    DetectManual = "phones.detect.manual", "Manual detection", "phones/detect/manual";
    /// Tells how a manual detection went.
    DetectPoll = "phones.detect.poll", "Detection result", "phones/detect/poll";
    /// The clients of all kinds.
    Clients = "clients", "Clients", "services/";
    /// Pairs of clients.
    Bindings = "clients.bindings", "Bindings", "syncengine/bindings/";
    /// Phones that speak SyncML.
    Syncml = "clients.syncml", "SyncML", "services/syncml/";
    /// Sends the settings to one of them.
    SyncmlSetup = "clients.syncml.setup", "SyncML setup", "services/syncml/{owner}/setup/";
    /// Begins a sync with one of them.
    SyncmlSync = "clients.syncml.sync", "SyncML sync", "services/syncml/{owner}/sync/";
    /// Devices that speak ActiveSync.
    Activesync = "clients.activesync", "ActiveSync", "services/activesync/";
    /// Storage within the service.
    Datastore = "clients.datastore", "Datastore", "services/datastore/";
    /// The contents of one of them.
    Contents = "clients.datastore.contents", "Contents", "services/datastore/{owner}/content/";
    /// Data stores elsewhere that speak GData.
    Gdata = "clients.gdata", "GData", "services/google/";
    /// What is registered with one of them.
    GdataDatastores = "clients.gdata.datastores", "GData datastores", "services/google/{owner}/datastores/";
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A parameter of the query in which the client asks for something. None of
/// their names is documented for the wire; those of the filters are those of
/// the documented Python interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Parameter {
    /// From when on changes are asked for: `since`.
    Since,
    /// Which contents are asked for: `dataclass`.
    Dataclass,
    /// The phone whose model is to be told: `number`.
    Number,
    /// The detection that is asked about: `code`.
    Code,
}

impl Parameter {
    /// The name, unless told otherwise.
    pub const fn default_name(self) -> &'static str {
        match self {
            Self::Since => "since",
            Self::Dataclass => "dataclass",
            Self::Number => "number",
            Self::Code => "code",
        }
    }
}

/// How the client learns where things are. Links in the service's answers win
/// over all of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Paths {
    /// The [default paths](Role::default_path). No request is made for it.
    #[default]
    Defaults,
    /// The service document at the base URL, fetched once, when first needed.
    /// A service that has none has the default paths.
    Discover,
    /// The caller's own paths, the default ones for what is not among them.
    Custom(PathMap),
}

/// Paths of one's own, relative to the base URL or absolute, by role.
///
/// `{owner}` stands for the id of the resource that a place belongs to: the
/// client of contents, for example. The members of a collection are at the
/// collection's path and their id, unless [`item`](Self::item) says otherwise,
/// in which `{id}` stands for the id.
///
/// ```
/// use ocss::{Parameter, PathMap, Role};
///
/// let paths = PathMap::new()
///     .collection(Role::Vendors, "phones/vendors/all.xml")
///     .item(Role::Vendors, "phones/vendors/{id}.xml")
///     .collection(Role::Contents, "services/datastore/content/?client={owner}")
///     .item(Role::Contents, "services/datastore/content/{id}")
///     .parameter(Parameter::Since, "updated-min");
/// # let _ = paths;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct PathMap {
    collections: BTreeMap<Role, String>,
    items: BTreeMap<Role, String>,
    parameters: BTreeMap<Parameter, String>,
}

impl PathMap {
    /// No path of one's own.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where a collection or an action is.
    pub fn collection(mut self, role: Role, template: impl Into<String>) -> Self {
        self.collections.insert(role, template.into());
        self
    }

    /// Where the members of a collection are.
    pub fn item(mut self, role: Role, template: impl Into<String>) -> Self {
        self.items.insert(role, template.into());
        self
    }

    /// What a parameter of queries is called.
    pub fn parameter(mut self, parameter: Parameter, name: impl Into<String>) -> Self {
        self.parameters.insert(parameter, name.into());
        self
    }
}

/// The answer to where things are, once it is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) map: PathMap,
    /// Collections that take no new members, by the service document.
    pub(crate) closed: Vec<Role>,
}

impl Layout {
    /// The URI of a collection or an action.
    pub(crate) fn collection(
        &self,
        base: &Uri,
        role: Role,
        owner: Option<&Id>,
    ) -> Result<Uri, Error> {
        let template = self
            .map
            .collections
            .get(&role)
            .map_or(role.default_path(), String::as_str);
        let target = fill(template, owner, None)?;
        built(base, &target)
    }

    /// The URI with further parameters.
    pub(crate) fn query(&self, uri: &Uri, values: &[(Parameter, &str)]) -> Result<Uri, Error> {
        if values.is_empty() {
            return Ok(uri.clone());
        }
        let mut target = uri
            .path_and_query()
            .map_or("/", |target| target.as_str())
            .to_owned();
        let mut separator = if uri.query().is_some() { '&' } else { '?' };
        for (parameter, value) in values {
            let own = self.map.parameters.get(parameter);
            let name = own.map_or(parameter.default_name(), String::as_str);
            target.push(separator);
            separator = '&';
            target.extend(utf8_percent_encode(name, SEGMENT));
            target.push('=');
            target.extend(utf8_percent_encode(value, SEGMENT));
        }
        with_target(uri, target)
    }

    /// The URI of a member of the collection at `collection`.
    pub(crate) fn item(
        &self,
        base: &Uri,
        role: Role,
        collection: &Uri,
        owner: Option<&Id>,
        id: &Id,
    ) -> Result<Uri, Error> {
        match self.map.items.get(&role) {
            Some(template) => built(base, &fill(template, owner, Some(id))?),
            None => member(collection, id),
        }
    }
}

/// The base URL and what comes after it.
fn built(base: &Uri, target: &str) -> Result<Uri, Error> {
    if is_plain(target) {
        let directory = base.path().rsplit_once('/').map_or("", |(path, _)| path);
        return with_target(base, format!("{directory}/{target}"));
    }
    // Like a browser, and unlike plain joining, for absolute ones.
    resolve(base, target)
        .map_err(|error| local("the paths of this client make no valid address").with_source(error))
}

/// The URI of the member `id` of a collection: one segment more, before any query.
fn member(collection: &Uri, id: &Id) -> Result<Uri, Error> {
    let path = collection.path();
    let slash = if path.ends_with('/') { "" } else { "/" };
    with_target(collection, format!("{path}{slash}{}", segment(id)?))
}

/// A relative path in which nothing is to be resolved: all default ones.
fn is_plain(target: &str) -> bool {
    let is_plain = |segment: &str| {
        let mut bytes = segment.bytes();
        !matches!(segment, "." | "..")
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte))
    };
    !target.is_empty() && !target.starts_with('/') && target.split('/').all(is_plain)
}

/// The same server, and another path and query there.
fn with_target(uri: &Uri, target: String) -> Result<Uri, Error> {
    let mut parts = Parts::default();
    parts.scheme = uri.scheme().cloned();
    parts.authority = uri.authority().cloned();
    let invalid = || local("the paths or filters of this client make no valid address");
    parts.path_and_query = Some(target.try_into().map_err(|_| invalid())?);
    Uri::from_parts(parts).map_err(|_| invalid())
}

fn fill(template: &str, owner: Option<&Id>, id: Option<&Id>) -> Result<String, Error> {
    let mut target = template.to_owned();
    for (place, value) in [("{owner}", owner), ("{id}", id)] {
        if !target.contains(place) {
            continue;
        }
        let Some(value) = value else {
            return Err(local(format!(
                "the path {template} has a place for which there is no value"
            )));
        };
        target = target.replace(place, &segment(value)?);
    }
    Ok(target)
}

/// An id as one segment of a path.
fn segment(id: &Id) -> Result<String, Error> {
    match id.as_str() {
        // They would vanish when the address is normalised.
        "" | "." | ".." => Err(local(format!("'{id}' cannot be the id of a resource"))),
        text => Ok(utf8_percent_encode(text, SEGMENT).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Uri {
        "https://h/v2/".parse().unwrap()
    }

    #[test]
    fn default_paths_are_under_the_base() {
        let layout = Layout::default();
        let vendors = layout.collection(&base(), Role::Vendors, None).unwrap();
        assert_eq!(vendors, "https://h/v2/phones/vendors/");
        let id = Id::from("a/b?c#d%e ø..");
        let item = layout
            .item(&base(), Role::Vendors, &vendors, None, &id)
            .unwrap();
        assert_eq!(
            item,
            "https://h/v2/phones/vendors/a%2Fb%3Fc%23d%25e%20%C3%B8.."
        );
        let contents = layout
            .collection(&base(), Role::Contents, Some(&Id::from("x y")))
            .unwrap();
        assert_eq!(contents, "https://h/v2/services/datastore/x%20y/content/");
    }

    #[test]
    fn ids_that_would_vanish_are_refused_before_anything_is_sent() {
        let vendors = "https://h/v2/phones/vendors/".parse().unwrap();
        for id in ["", ".", ".."] {
            let error = member(&vendors, &Id::from(id)).unwrap_err();
            assert!(crate::OcssErrorExt::is_local(&error), "{id:?}: {error:?}");
        }
    }

    #[test]
    fn members_of_a_collection_come_before_its_query() {
        let collection = "https://h/v2/contents?client=7".parse().unwrap();
        let item = member(&collection, &Id::from("x")).unwrap();
        assert_eq!(item, "https://h/v2/contents/x");
    }

    #[test]
    fn templates_of_ones_own_win() {
        let layout = Layout {
            map: PathMap::new()
                .collection(Role::Contents, "all/?client={owner}")
                .item(Role::Contents, "/other/{owner}/{id}"),
            closed: Vec::new(),
        };
        let owner = Id::from("a&b");
        let contents = layout
            .collection(&base(), Role::Contents, Some(&owner))
            .unwrap();
        assert_eq!(contents, "https://h/v2/all/?client=a%26b");
        let item = layout
            .item(
                &base(),
                Role::Contents,
                &contents,
                Some(&owner),
                &"x".into(),
            )
            .unwrap();
        assert_eq!(item, "https://h/other/a%26b/x");
        assert!(layout.collection(&base(), Role::Contents, None).is_err());
    }

    #[test]
    fn filters_go_behind_what_is_there_and_are_encoded_once() {
        let uri = "https://h/c/?client=a%26b".parse().unwrap();
        let mut layout = Layout::default();
        let values = [
            (Parameter::Dataclass, "a b+c"),
            (Parameter::Since, "2009-11-01T123000Z"),
        ];
        assert_eq!(
            layout.query(&uri, &values).unwrap(),
            "https://h/c/?client=a%26b&dataclass=a%20b%2Bc&since=2009-11-01T123000Z"
        );
        layout.map = PathMap::new().parameter(Parameter::Since, "min&max");
        assert_eq!(
            layout.query(&uri, &values[1..]).unwrap(),
            "https://h/c/?client=a%26b&min%26max=2009-11-01T123000Z"
        );
    }
}
