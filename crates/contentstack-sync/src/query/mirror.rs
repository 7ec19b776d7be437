//! The questions that a mirror takes.

use std::sync::Arc;

use super::builder::{AssetQuery, EntryQuery, Query};
use super::error::QueryError;
use crate::mirror::Mirror;
use crate::model::{ContentTypeUid, Key, ObjectKind, RawJson, Uid};
use crate::store::{Row, Seq};

/// How many rows are read from the store at a time.
const BATCH: usize = 256;

impl Mirror {
    /// Asks for entries of a content type.
    pub fn entries(&self, content_type: impl Into<ContentTypeUid>) -> EntryQuery {
        Query::entries(Arc::clone(self.store()), content_type)
    }

    /// Asks for entries of all content types.
    pub fn all_entries(&self) -> EntryQuery {
        Query::all_entries(Arc::clone(self.store()))
    }

    /// Asks for assets.
    pub fn assets(&self) -> AssetQuery {
        #[cfg_attr(not(feature = "assets"), allow(unused_mut))]
        let mut query = Query::assets(Arc::clone(self.store()));
        #[cfg(feature = "assets")]
        {
            query.request.stack = Some(self.stack().clone());
        }
        query
    }

    /// One entry or asset, as it is stored.
    ///
    /// # Errors
    ///
    /// [`QueryError::Store`].
    pub async fn get(&self, key: &Key) -> Result<Option<Row>, QueryError> {
        Ok(self.store().get(key).await?)
    }

    /// The entries, and assets, that use an entry: in reference fields, or in
    /// rich text.
    ///
    /// # Errors
    ///
    /// [`QueryError::Store`].
    pub async fn entry_referrers(&self, uid: impl Into<Uid>) -> Result<Vec<Row>, QueryError> {
        self.referrers(ObjectKind::Entry, uid).await
    }

    /// The entries that use an asset: in file fields, in rich text, or by its
    /// address in any text.
    ///
    /// # Errors
    ///
    /// [`QueryError::Store`].
    pub async fn asset_referrers(&self, uid: impl Into<Uid>) -> Result<Vec<Row>, QueryError> {
        self.referrers(ObjectKind::Asset, uid).await
    }

    /// What uses an entry or asset, in every locale, in the order of the last
    /// change. A bare uid, as file fields have it, counts for both kinds.
    ///
    /// # Errors
    ///
    /// [`QueryError::Store`].
    pub async fn referrers(
        &self,
        kind: ObjectKind,
        uid: impl Into<Uid>,
    ) -> Result<Vec<Row>, QueryError> {
        let uid = uid.into();
        let (mut found, mut after) = (Vec::new(), Seq::default());
        loop {
            let rows = self.store().referrers(kind, &uid, after, BATCH).await?;
            let Some(last) = rows.last() else {
                return Ok(found);
            };
            after = last.seq;
            found.extend(rows);
        }
    }

    /// What the service says of a content type, if the mirror has it: see
    /// [`refresh_schemas`](Mirror::refresh_schemas).
    ///
    /// # Errors
    ///
    /// [`QueryError::Store`].
    pub async fn schema(
        &self,
        content_type: impl Into<ContentTypeUid>,
    ) -> Result<Option<RawJson>, QueryError> {
        let stored = self.store().schema(&content_type.into()).await?;
        Ok(stored.map(|stored| stored.schema))
    }
}
