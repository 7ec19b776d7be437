//! A sync that something happens to.

use std::fs;

use serde_json::{Value, json};
use synctools::{Client, RetryPolicy};

use super::{Backend, Database, Django, Ours, Project, Served, TOKEN, difference};
use crate::Result;

const APPS: [&str; 1] = ["big"];

/// The items that are served, beside 100 groups.
pub const ROWS: usize = 3_000;

/// A source, and a database that is about to be synced with it.
#[derive(Debug)]
pub struct Case {
    /// What is served.
    pub body: Vec<u8>,
    /// The state before, to copy from.
    pub base: Database,
    /// What is synced.
    pub target: Database,
    /// The project on it.
    pub project: Project,
    /// Everything in it before.
    pub before: Value,
    /// Everything in it after a sync that nothing happens to.
    pub after: Value,
}

impl Case {
    /// Sets it up; `None` where a test is to be skipped.
    ///
    /// # Errors
    ///
    /// When something of it cannot be had.
    pub async fn new(backend: Backend) -> Result<Option<Self>> {
        if !Django::V5_2.present_or_skip()? {
            return Ok(None);
        }
        let (Some(base), Some(target)) = (Database::new(backend)?, Database::new(backend)?) else {
            return Ok(None);
        };
        let source = Database::sqlite()?;
        let mut there = Project::new(Django::V5_2, &source)?;
        there.ask(json!({"do": "fill", "app": "big", "rows": ROWS}))?;
        let body = there.serialize(&APPS, &source.folder())?;

        let mut older = Project::new(Django::V5_2, &base)?;
        older.ask(json!({"do": "fill", "app": "big", "rows": ROWS / 3}))?;
        older.sql(&["UPDATE big_bigitem SET name = 'of old', note = 'x'"])?;
        let before = older.contents()?;
        drop(older);
        target.become_copy_of(&base)?;
        let mut project = Project::on(Django::V5_2, &target)?;
        if let Some(is) = difference(&project.contents()?, &before) {
            return Err(format!("the copy is another: {is}").into());
        }

        // What a sync that nothing happens to makes of it.
        let served = Served::whole(body.clone()).await?;
        let ours = Ours::on(Django::V5_2, &target, &APPS).await?;
        ours.client(&served.url())?.sync("all").await?;
        drop(ours);
        let after = project.contents()?;
        if before == after {
            return Err("the sync does nothing".into());
        }
        target.become_copy_of(&base)?;
        Ok(Some(Self {
            body,
            base,
            target,
            project,
            before,
            after,
        }))
    }

    /// Our side of what is synced.
    ///
    /// # Errors
    ///
    /// When the database is not there any more.
    pub async fn ours(&self) -> Result<Ours> {
        Ours::on(Django::V5_2, &self.target, &APPS).await
    }

    /// A client that tries once.
    ///
    /// # Errors
    ///
    /// As [`ours`](Self::ours).
    pub async fn client(&self, url: &str) -> Result<Client> {
        let ours = self.ours().await?;
        Ok(Client::builder()
            .api_url(url)
            .token(TOKEN)
            .schema(ours.schema)
            .store(ours.store)
            .attempts(1)
            .retry(RetryPolicy::never())
            .build()?)
    }

    /// Writes what the models are into a file, for a client of another process.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn schema_file(&self) -> Result<String> {
        let file = self.target.folder().join("schema.json");
        fs::write(&file, Django::V5_2.exported_schema(&self.target, &APPS)?)?;
        Ok(file.display().to_string())
    }

    /// Sees that everything is as it was before.
    ///
    /// # Errors
    ///
    /// When something isn't; `what` says when that was.
    pub fn assert_unchanged(&mut self, what: &str) -> Result<()> {
        match difference(&self.project.contents()?, &self.before) {
            None => Ok(()),
            Some(is) => Err(format!("{:?}, {what}: {is}", self.target.backend()).into()),
        }
    }
}
