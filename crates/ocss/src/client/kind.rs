//! What the kinds of resources differ in, and where they are.

use std::sync::Arc;

use http::Uri;
use sync_core::stream::BoxFuture;
use sync_core::{Error, Operation};

use super::{Node, Role, SyncServerApi};
use crate::error::unsupported;
use crate::model::Id;

/// Resources with equal ids are the same within a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Space {
    Vendor,
    Model,
    /// All kinds of clients.
    Client,
    /// Ids are numbers.
    Binding,
    /// Ids are unique within a datastore.
    Content,
}

/// What is the same for all resources of a kind.
#[derive(Debug)]
pub(crate) struct KindInfo {
    /// In messages and `Debug`: `Vendor`.
    pub(crate) name: &'static str,
    /// The collection, in `Debug`: `Vendors`.
    pub(crate) collection: &'static str,
    pub(crate) space: Space,
    /// The element around its properties.
    pub(crate) wrapper: &'static str,
    pub(crate) role: Role,
    /// Whether credentials are needed.
    pub(crate) protected: bool,
    pub(crate) list: &'static Operation,
    pub(crate) get: &'static Operation,
    pub(crate) create: Option<&'static Operation>,
    pub(crate) update: Option<&'static Operation>,
    /// For changes that cannot be read back, if it has any.
    pub(crate) update_secret: Option<&'static Operation>,
    pub(crate) delete: Option<&'static Operation>,
}

impl KindInfo {
    /// The operation, unless this kind has none.
    pub(crate) fn supports(
        &self,
        operation: Option<&'static Operation>,
        verb: &str,
    ) -> Result<&'static Operation, Error> {
        operation.ok_or_else(|| unsupported(format!("a {} cannot be {verb}", self.name)))
    }
}

/// Where a collection is.
#[derive(Clone)]
pub(crate) enum Locator {
    /// At a place of its own.
    Role(Role),
    /// At a link of another resource, else at a path that its id is in.
    Under {
        owner: Arc<Node>,
        rel: &'static str,
        role: Role,
    },
}

impl Locator {
    /// The resource that the collection belongs to.
    pub(crate) fn owner(&self) -> Option<&Arc<Node>> {
        match self {
            Self::Role(_) => None,
            Self::Under { owner, .. } => Some(owner),
        }
    }

    pub(crate) fn role(&self) -> Role {
        match self {
            Self::Role(role) | Self::Under { role, .. } => *role,
        }
    }

    /// The URI of the collection. Boxed, as an owner may have to be loaded.
    pub(crate) fn collection<'a>(
        &'a self,
        api: &'a SyncServerApi,
    ) -> BoxFuture<'a, Result<Uri, Error>> {
        Box::pin(async move {
            let follows = api.settings().follow_links;
            if let (Self::Under { owner, rel, .. }, true) = (self, follows) {
                if let Some(link) = owner.load().await?.link(api, rel)? {
                    return Ok(link);
                }
            }
            let owner = self.owner().map(|owner| &owner.id);
            api.layout()
                .await?
                .collection(api.base_url(), self.role(), owner)
        })
    }

    /// The URI of a member.
    pub(crate) async fn item(&self, api: &SyncServerApi, id: &Id) -> Result<Uri, Error> {
        let collection = self.collection(api).await?;
        let owner = self.owner().map(|owner| &owner.id);
        api.layout()
            .await?
            .item(api.base_url(), self.role(), &collection, owner, id)
    }
}
