//! Clients of all kinds.

use std::sync::Arc;

use sync_core::Error;

use super::face::{Face, collection, resource, resource_methods};
use super::operations::{ACTIVESYNC, CLIENT, DATASTORE, GDATA, SYNCML};
use super::phones::all;
use super::{
    Activesync, ActivesyncClient, Binding, Bindings, Datastore, DatastoreClient, Gdata,
    GdataClient, Syncml, SyncmlClient,
};
use crate::client::{CollectionNode, KindInfo, Loaded, Locator, Node, SyncServerApi};
use crate::error::unsupported;
use crate::model::{ClientData, ClientType, Id};
use crate::wire;

/// One half of a sync relationship, as its own kind.
///
/// Equal to another when they are the same client, however they were found.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Client {
    /// A phone that speaks SyncML.
    Syncml(SyncmlClient),
    /// A device that speaks ActiveSync.
    Activesync(ActivesyncClient),
    /// Storage within the service.
    Datastore(DatastoreClient),
    /// A data store elsewhere that speaks GData.
    Gdata(GdataClient),
    /// A kind that this crate does not know.
    Unknown(UnknownClient),
}

impl Client {
    pub(crate) fn node(&self) -> &Arc<Node> {
        match self {
            Self::Syncml(client) => client.node(),
            Self::Activesync(client) => client.node(),
            Self::Datastore(client) => client.node(),
            Self::Gdata(client) => client.node(),
            Self::Unknown(client) => client.node(),
        }
    }

    /// What can be said of a client of any kind.
    ///
    /// # Errors
    ///
    /// When it has to be loaded, and cannot be.
    pub async fn snapshot(&self) -> Result<ClientData, Error> {
        let node = self.node();
        Ok(client_data(&node.id, &*node.load().await?))
    }
}

resource_methods!(Client);

impl Face for Client {
    fn from_node(node: Arc<Node>) -> Self {
        match node.kind {
            kind if std::ptr::eq(kind, &SYNCML) => Self::Syncml(SyncmlClient(node)),
            kind if std::ptr::eq(kind, &ACTIVESYNC) => Self::Activesync(ActivesyncClient(node)),
            kind if std::ptr::eq(kind, &DATASTORE) => Self::Datastore(DatastoreClient(node)),
            kind if std::ptr::eq(kind, &GDATA) => Self::Gdata(GdataClient(node)),
            _ => Self::Unknown(UnknownClient(node)),
        }
    }
}

/// The kind of a client, by its entry.
fn kind_of(loaded: &Loaded) -> &'static KindInfo {
    match wire::client_type(&loaded.entry) {
        Some(ClientType::Syncml) => &SYNCML,
        Some(ClientType::Activesync) => &ACTIVESYNC,
        Some(ClientType::Datastore) => &DATASTORE,
        Some(ClientType::Gdata) => &GDATA,
        Some(ClientType::Other(_)) | None => &CLIENT,
    }
}

fn client_data(id: &Id, loaded: &Loaded) -> ClientData {
    ClientData {
        id: id.clone(),
        created: loaded.entry.published,
        modified: loaded.entry.modified(),
        title: wire::title(&loaded.entry),
        client_type: wire::client_type(&loaded.entry),
    }
}

/// The client of an entry that may be of any kind.
pub(super) fn client(api: &SyncServerApi, loaded: Loaded) -> Result<Client, Error> {
    let kind = kind_of(&loaded);
    Node::loaded(api, kind, Locator::Role(kind.role), loaded).map(Client::from_node)
}

resource! {
    /// A client of a kind that this crate does not know. Read-only.
    UnknownClient => ClientData, |id, loaded| Ok(client_data(id, loaded))
}

impl UnknownClient {
    /// The word for its kind, where the service tells it.
    ///
    /// # Errors
    ///
    /// When it has to be loaded, and cannot be.
    pub async fn client_type(&self) -> Result<Option<ClientType>, Error> {
        Ok(wire::client_type(&self.0.load().await?.entry))
    }
}

/// A client, or the id of one: what a binding is made of. Made from any
/// client, from ids, and from text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientRef(pub(super) Id);

impl From<&str> for ClientRef {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

impl From<String> for ClientRef {
    fn from(id: String) -> Self {
        Self(id.into())
    }
}

impl From<&String> for ClientRef {
    fn from(id: &String) -> Self {
        Self(id.into())
    }
}

impl From<Id> for ClientRef {
    fn from(id: Id) -> Self {
        Self(id)
    }
}

impl From<&Id> for ClientRef {
    fn from(id: &Id) -> Self {
        Self(id.clone())
    }
}

impl From<&Client> for ClientRef {
    fn from(client: &Client) -> Self {
        Self(client.id().clone())
    }
}

/// The ways between a kind of client and clients in general.
macro_rules! as_client {
    ($($name:ident => $variant:ident),*) => {
        $(
            impl $name {
                /// The same as a client of any kind.
                pub fn as_client(&self) -> Client {
                    Client::$variant(self.clone())
                }
            }

            impl From<$name> for Client {
                fn from(client: $name) -> Self {
                    Self::$variant(client)
                }
            }

            impl From<&$name> for ClientRef {
                fn from(client: &$name) -> Self {
                    Self(client.id().clone())
                }
            }

            impl PartialEq<$name> for Client {
                fn eq(&self, other: &$name) -> bool {
                    self.node() == other.node()
                }
            }

            impl PartialEq<Client> for $name {
                fn eq(&self, other: &Client) -> bool {
                    self.node() == other.node()
                }
            }
        )*
    };
}

as_client! {
    SyncmlClient => Syncml,
    ActivesyncClient => Activesync,
    DatastoreClient => Datastore,
    GdataClient => Gdata,
    UnknownClient => Unknown
}

collection! {
    /// The clients of all kinds, each as its own kind. Read-only: new clients
    /// are made in the collections of their kinds.
    Clients of Client
}

impl Clients {
    pub(crate) fn all(api: SyncServerApi) -> Self {
        Self(CollectionNode::generic(
            api,
            &CLIENT,
            Locator::Role(CLIENT.role),
            kind_of,
        ))
    }

    /// Not possible: new clients are made in the collections of their kinds.
    ///
    /// # Errors
    ///
    /// Always [`is_not_allowed`](crate::OcssErrorExt::is_not_allowed). Nothing is sent.
    #[allow(
        clippy::new_ret_no_self,
        clippy::wrong_self_convention,
        reason = "the documented name"
    )]
    pub async fn new(&self) -> Result<Client, Error> {
        Err(unsupported(
            "clients are made in the collections of their kinds",
        ))
    }

    /// Binds two clients into a sync relationship; the source takes precedence
    /// when changes conflict. The same as [`Bindings::new`].
    ///
    /// # Errors
    ///
    /// As [`Bindings::new`].
    pub async fn bind(
        &self,
        source: impl Into<ClientRef>,
        target: impl Into<ClientRef>,
    ) -> Result<Binding, Error> {
        self.bindings().new(source, target).await
    }

    /// The sync relationships. No request is made.
    pub fn bindings(&self) -> Bindings {
        Bindings(all(&self.0.api, &super::operations::BINDING))
    }

    /// Phones that speak SyncML. No request is made.
    pub fn syncml(&self) -> Syncml {
        Syncml(all(&self.0.api, &SYNCML))
    }

    /// Devices that speak ActiveSync. No request is made.
    pub fn activesync(&self) -> Activesync {
        Activesync(all(&self.0.api, &ACTIVESYNC))
    }

    /// Storage within the service. No request is made.
    pub fn datastore(&self) -> Datastore {
        Datastore(all(&self.0.api, &DATASTORE))
    }

    /// Data stores elsewhere that speak GData. No request is made.
    pub fn gdata(&self) -> Gdata {
        Gdata(all(&self.0.api, &GDATA))
    }
}
