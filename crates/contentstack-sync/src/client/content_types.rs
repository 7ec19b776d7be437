//! Content types, with their schemas.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use serde::Deserialize;
use sync_core::Error;
use sync_core::stream::{self, Pages};

use super::Stack;
use super::operations::{CONTENT_TYPE, CONTENT_TYPES};
use crate::model::{ContentType, ContentTypeUid, RawJson};
use crate::wire::number;

/// How many are asked for at a time: the service's most.
const LIMIT: u64 = 100;

/// All content types of a stack, fetched as they are asked for: a
/// [`Stream`].
pub struct ContentTypes {
    pages: Pages<ContentType, u64>,
}

impl ContentTypes {
    pub(super) fn new(stack: Stack) -> Self {
        let fetch = move |skip: u64| {
            let stack = stack.clone();
            async move { page(&stack, skip).await }
        };
        Self {
            pages: Pages::new(0, fetch),
        }
    }

    /// The next one.
    pub async fn next(&mut self) -> Option<Result<ContentType, Error>> {
        self.pages.next().await
    }

    /// All that are left, in memory.
    ///
    /// # Errors
    ///
    /// The first error.
    pub async fn collect(self) -> Result<Vec<ContentType>, Error> {
        self.pages.collect().await
    }
}

impl Stream for ContentTypes {
    type Item = Result<ContentType, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.pages).poll_next(cx)
    }
}

impl fmt::Debug for ContentTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentTypes").finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Answer {
    content_types: Vec<RawJson>,
    #[serde(default)]
    count: Option<RawJson>,
}

/// One content type.
pub(super) async fn one(stack: &Stack, uid: &ContentTypeUid) -> Result<ContentType, Error> {
    #[derive(Deserialize)]
    struct Answer {
        content_type: RawJson,
    }

    stack.turn().await;
    stack
        .0
        .pipeline
        .call(&CONTENT_TYPE)
        .path(uid)
        .query("include_global_field_schema", "true")
        .query("environment", &stack.0.environment)
        .json()
        .and_then(|answer: Answer| {
            ContentType::read(answer.content_type)
                .ok_or_else(|| Error::decode("the content type of the answer has no uid"))
        })
        .await
}

async fn page(stack: &Stack, skip: u64) -> Result<stream::Page<ContentType, u64>, Error> {
    stack.turn().await;
    let answer: Answer = stack
        .0
        .pipeline
        .call(&CONTENT_TYPES)
        .query("include_count", "true")
        .query("include_global_field_schema", "true")
        .query("limit", LIMIT.to_string())
        .query("skip", skip.to_string())
        .query("environment", &stack.0.environment)
        .json()
        .await?;
    let got = answer.content_types.len() as u64;
    let seen = skip + got;
    let count = answer.count.and_then(|count| number(count.as_str()));
    let more = match count {
        Some(count) => got > 0 && seen < count,
        None => got >= LIMIT,
    };
    Ok(stream::Page {
        items: answer
            .content_types
            .into_iter()
            .filter_map(ContentType::read)
            .collect(),
        next: more.then_some(seen),
    })
}
