//! What all resources and collections have in common for the user: thin faces
//! over [`Node`] and [`CollectionNode`](crate::client::CollectionNode).

use std::marker::PhantomData;
use std::sync::Arc;

use crate::client::Node;
use crate::model::{BindingId, Id};

/// A type that is a face of a node.
pub(crate) trait Face: Sized {
    fn from_node(node: Arc<Node>) -> Self;
}

/// A resource, or the id of one: what collections take where either will do.
///
/// Made from `&resource`, from ids, and from text.
#[derive(Clone, Debug)]
pub struct ResourceRef<R> {
    pub(crate) target: Target,
    of: PhantomData<fn() -> R>,
}

#[derive(Clone, Debug)]
pub(crate) enum Target {
    Node(Arc<Node>),
    Id(Id),
}

impl<R> ResourceRef<R> {
    pub(crate) fn node(node: &Arc<Node>) -> Self {
        Self {
            target: Target::Node(Arc::clone(node)),
            of: PhantomData,
        }
    }

    fn id(id: Id) -> Self {
        Self {
            target: Target::Id(id),
            of: PhantomData,
        }
    }
}

impl<R> From<&str> for ResourceRef<R> {
    fn from(id: &str) -> Self {
        Self::id(id.into())
    }
}

impl<R> From<String> for ResourceRef<R> {
    fn from(id: String) -> Self {
        Self::id(id.into())
    }
}

impl<R> From<&String> for ResourceRef<R> {
    fn from(id: &String) -> Self {
        Self::id(id.into())
    }
}

impl<R> From<Id> for ResourceRef<R> {
    fn from(id: Id) -> Self {
        Self::id(id)
    }
}

impl<R> From<&Id> for ResourceRef<R> {
    fn from(id: &Id) -> Self {
        Self::id(id.clone())
    }
}

impl<R> From<u64> for ResourceRef<R> {
    fn from(id: u64) -> Self {
        Self::id(id.into())
    }
}

impl<R> From<BindingId> for ResourceRef<R> {
    fn from(id: BindingId) -> Self {
        Self::id(id.into())
    }
}

/// What every resource has, for a type that can tell its `node()`.
macro_rules! resource_methods {
    ($name:ident) => {
        impl $name {
            /// Its id.
            pub fn id(&self) -> &$crate::model::Id {
                &self.node().id
            }

            /// When it was created. Likely, but not certainly, told by the
            /// service.
            ///
            /// # Errors
            ///
            /// When it has to be loaded, and cannot be.
            pub async fn created(&self) -> Result<Option<$crate::time::Timestamp>, $crate::Error> {
                Ok(self.node().load().await?.entry.published)
            }

            /// When it was last changed. Likely, but not certainly, told by
            /// the service.
            ///
            /// # Errors
            ///
            /// When it has to be loaded, and cannot be.
            pub async fn modified(&self) -> Result<Option<$crate::time::Timestamp>, $crate::Error> {
                Ok(self.node().load().await?.entry.modified())
            }

            /// Sends the changes that are staged, in one request; none when
            /// nothing is staged. They stay staged when this fails.
            ///
            /// # Errors
            ///
            /// [`is_not_allowed`]: resources of this kind cannot be changed
            /// (nothing is sent). [`is_conflict`]: it was changed by someone
            /// else since it was read; the next reading gets it afresh.
            ///
            /// [`is_not_allowed`]: crate::OcssErrorExt::is_not_allowed
            /// [`is_conflict`]: crate::OcssErrorExt::is_conflict
            pub async fn update(&self) -> Result<(), $crate::Error> {
                self.node().update().await
            }

            /// Deletes it. Afterwards this handle answers that there is no
            /// such resource.
            ///
            /// # Errors
            ///
            /// [`is_not_allowed`]: resources of this kind cannot be deleted
            /// (nothing is sent). [`is_not_found`]: it was gone already.
            ///
            /// [`is_not_allowed`]: crate::OcssErrorExt::is_not_allowed
            /// [`is_not_found`]: crate::OcssErrorExt::is_not_found
            pub async fn delete(&self) -> Result<(), $crate::Error> {
                self.node().delete().await
            }

            /// The entry as the service wrote it: all that this crate has no
            /// name for is in it too.
            ///
            /// # Errors
            ///
            /// When it has to be loaded, and cannot be.
            pub async fn entry(&self) -> Result<$crate::atom::Entry, $crate::Error> {
                Ok(self.node().load().await?.entry.clone())
            }

            /// Forgets what was loaded and what is staged. Nothing is sent;
            /// the next reading asks the service again.
            pub fn refresh(&self) {
                self.node().refresh();
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Debug::fmt(self.node(), f)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Debug::fmt(self.node(), f)
            }
        }

        impl From<&$name> for $crate::api::ResourceRef<$name> {
            fn from(resource: &$name) -> Self {
                Self::node(resource.node())
            }
        }
    };
}

/// A resource: a face of a node, and how to make a snapshot of it.
macro_rules! resource {
    ($(#[$doc:meta])* $name:ident => $data:ident, $read:expr) => {
        $(#[$doc])*
        ///
        /// A cheap handle: clones share what is loaded and what is staged. Two
        /// are equal when they are the same resource of the same service.
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name(pub(crate) ::std::sync::Arc<$crate::client::Node>);

        impl $name {
            pub(crate) fn node(&self) -> &::std::sync::Arc<$crate::client::Node> {
                &self.0
            }

            /// All of it at once, as the service told it last.
            ///
            /// # Errors
            ///
            /// When it has to be loaded, and cannot be.
            pub async fn snapshot(&self) -> Result<$crate::model::$data, $crate::Error> {
                let loaded = self.0.load().await?;
                let read: fn(&$crate::model::Id, &$crate::client::Loaded) -> Result<$crate::model::$data, $crate::Error> = $read;
                read(&self.0.id, &loaded)
            }
        }

        impl $crate::api::face::Face for $name {
            fn from_node(node: ::std::sync::Arc<$crate::client::Node>) -> Self {
                Self(node)
            }
        }

        $crate::api::face::resource_methods!($name);
    };
}

/// A collection: a face of a collection node.
macro_rules! collection {
    ($(#[$doc:meta])* $name:ident of $item:ident) => {
        $(#[$doc])*
        ///
        /// A lazy handle: making it asks nothing. A listing is kept until
        /// [`refresh`](Self::refresh) or until something is added, changed or
        /// deleted through this handle; clones share it, other handles of the
        /// same collection do not.
        #[derive(Clone)]
        pub struct $name(pub(crate) ::std::sync::Arc<$crate::client::CollectionNode>);

        impl $name {
            /// The member with this id, fetched in one request.
            ///
            /// # Errors
            ///
            /// [`is_not_found`](crate::OcssErrorExt::is_not_found): there is none.
            pub async fn get(&self, id: impl Into<$crate::model::Id>) -> Result<$item, $crate::Error> {
                self.0.get(&id.into()).await.map($crate::api::face::Face::from_node)
            }

            /// Whether there is a member with this id: by the listing, if it
            /// is here, else in one request.
            ///
            /// # Errors
            ///
            /// When the service cannot be asked.
            pub async fn contains(&self, id: impl Into<$crate::model::Id>) -> Result<bool, $crate::Error> {
                self.0.contains(&id.into()).await
            }

            /// How many members there are: by the listing, if it is here, else
            /// as the first page says. A service that does not say so is asked
            /// for all pages.
            ///
            /// # Errors
            ///
            /// When the service cannot be asked.
            pub async fn len(&self) -> Result<u64, $crate::Error> {
                self.0.len().await
            }

            /// Whether there are no members. Costs as much as [`len`](Self::len).
            ///
            /// # Errors
            ///
            /// When the service cannot be asked.
            pub async fn is_empty(&self) -> Result<bool, $crate::Error> {
                Ok(self.0.len().await? == 0)
            }

            /// All members. The listing is kept.
            ///
            /// # Errors
            ///
            /// When the service cannot be asked, or its pages have no end.
            pub async fn list(&self) -> Result<Vec<$item>, $crate::Error> {
                let nodes = self.0.list().await?;
                let nodes = nodes.iter().map(::std::sync::Arc::clone);
                Ok(nodes.map($crate::api::face::Face::from_node).collect())
            }

            /// The members, read from the answers as they arrive. Nothing is
            /// asked for before it is needed, and nothing is kept.
            pub fn stream(&self) -> $crate::ResourceStream<$item> {
                $crate::client::list_stream(&self.0, $crate::api::face::Face::from_node)
            }

            /// Adds a member from an entry of the caller's making, for services
            /// that want other properties of it than this crate sends.
            /// What is secret in it is not known as such: an error shows it if
            /// the service repeats it.
            ///
            /// # Errors
            ///
            /// [`is_not_allowed`](crate::OcssErrorExt::is_not_allowed): members
            /// of this kind cannot be added (nothing is sent).
            /// [`is_client`](crate::OcssErrorExt::is_client): XML cannot hold
            /// what is in the entry (nothing is sent). Else when the service
            /// cannot be asked or does not take it.
            pub async fn new_entry(&self, entry: $crate::atom::Entry) -> Result<$item, $crate::Error> {
                self.0.create_as(entry, Vec::new()).await.map($crate::api::face::Face::from_node)
            }

            /// Sends the staged changes of a member, as its own `update` does.
            ///
            /// # Errors
            ///
            /// As the member's own `update`; and
            /// [`is_client`](crate::OcssErrorExt::is_client) when it belongs
            /// elsewhere.
            pub async fn update(&self, member: &$item) -> Result<(), $crate::Error> {
                self.0.kind.supports(self.0.kind.update, "changed")?;
                self.0.check_member(member.node())?;
                let _changing = self.0.changing();
                member.node().update().await
            }

            /// Deletes a member, given as such or by its id.
            ///
            /// # Errors
            ///
            /// As the member's own `delete`; and
            /// [`is_client`](crate::OcssErrorExt::is_client) when it belongs
            /// elsewhere.
            pub async fn delete(
                &self,
                member: impl Into<$crate::api::ResourceRef<$item>>,
            ) -> Result<(), $crate::Error> {
                self.0.kind.supports(self.0.kind.delete, "deleted")?;
                let node = self.member(member.into())?;
                let _changing = self.0.changing();
                node.delete().await
            }

            /// Forgets the listing. Nothing is sent.
            pub fn refresh(&self) {
                self.0.refresh();
            }

            fn member(
                &self,
                member: $crate::api::ResourceRef<$item>,
            ) -> Result<::std::sync::Arc<$crate::client::Node>, $crate::Error> {
                match member.target {
                    $crate::api::face::Target::Id(id) => Ok(self.0.member(id)),
                    $crate::api::face::Target::Node(node) => {
                        self.0.check_member(&node)?;
                        Ok(node)
                    }
                }
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

/// The changes that a resource can take: a setter and an argument of
/// `update_with` for each.
macro_rules! changes {
    (
        $(#[$doc:meta])*
        $update:ident of $name:ident in $collection:ident {
            $(
                $(#[$change_doc:meta])*
                $set:ident / $with:ident ($($arg:ident: $ty:ty),*) => { $($field:ident: $value:expr),* }
            )*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Default)]
        #[must_use]
        pub struct $update($crate::client::Staged);

        impl $update {
            $(
                $(#[$change_doc])*
                pub fn $with(mut self, $($arg: $ty),*) -> Self {
                    $(self.0.set($crate::client::Field::$field, $value);)*
                    self
                }
            )*
        }

        impl ::std::fmt::Debug for $update {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                let fields = self.0.iter().map(|(field, _)| field);
                f.write_str(stringify!($update))?;
                f.debug_set().entries(fields).finish()
            }
        }

        impl $name {
            $(
                $(#[$change_doc])*
                ///
                /// Staged: nothing is sent before `update`.
                pub fn $set(&self, $($arg: $ty),*) {
                    self.0.stage(|staged| {
                        $(staged.set($crate::client::Field::$field, $value);)*
                    });
                }
            )*

            /// Stages these changes, and sends all that are staged.
            ///
            /// # Errors
            ///
            /// As [`update`](Self::update).
            pub async fn update_with(
                &self,
                change: impl FnOnce($update) -> $update,
            ) -> Result<(), $crate::Error> {
                let change = change($update::default());
                self.0.stage(|staged| staged.extend(change.0));
                self.0.update().await
            }
        }

        impl $collection {
            /// Changes a member, given as such or by its id.
            ///
            /// # Errors
            ///
            /// As [`update`](Self::update).
            pub async fn update_with(
                &self,
                member: impl Into<$crate::api::ResourceRef<$name>>,
                change: impl FnOnce($update) -> $update,
            ) -> Result<(), $crate::Error> {
                let node = self.member(member.into())?;
                let change = change($update::default());
                node.stage(|staged| staged.extend(change.0));
                let _changing = self.0.changing();
                node.update().await
            }
        }
    };
}

pub(crate) use {changes, collection, resource, resource_methods};
