//! One page, one request, and again with a token that may only seem unknown.

use std::time::Duration;

use http::HeaderValue;
use sync_core::{Call, Error};

use super::Stack;
use super::operations::{DELTA, INIT, PAGE};
use crate::error::{ContentstackErrorExt as _, endless, is_incomplete};
use crate::model::{Filter, Page, Position, Token};
use crate::wire;

/// The pauses before an answer that stops in the middle of its JSON is asked
/// for again.
const CUT_PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// How pages are asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// How many items a page shall have. The service may not heed it.
    pub(crate) limit: Option<u32>,
    /// Another limit of time than the stack's.
    pub(crate) timeout: Option<Option<Duration>>,
}

impl Stack {
    /// The page at `position`. Tokens that the service does not know are sent
    /// again after the pauses that are set.
    pub(crate) async fn fetch_page(
        &self,
        position: &Position,
        filter: &Filter,
    ) -> Result<Page, Error> {
        self.fetch(position, filter, &Settings::default()).await
    }

    pub(crate) async fn fetch(
        &self,
        position: &Position,
        filter: &Filter,
        settings: &Settings,
    ) -> Result<Page, Error> {
        let mut token_pauses = self.0.token_pauses.iter();
        let mut cut_pauses = CUT_PAUSES.iter();
        loop {
            let error = match self.fetch_once(position, filter, settings).await {
                Ok(page) => return Ok(page),
                Err(error) => error,
            };
            let pause = if error.is_invalid_token() {
                token_pauses.next()
            } else if is_incomplete(&error) {
                cut_pauses.next()
            } else {
                None
            };
            let Some(pause) = pause else {
                return Err(error);
            };
            tracing::debug!(
                pause_ms = pause.as_millis() as u64,
                invalid_token = error.is_invalid_token(),
                "asking again"
            );
            tokio::time::sleep(*pause).await;
        }
    }

    async fn fetch_once(
        &self,
        position: &Position,
        filter: &Filter,
        settings: &Settings,
    ) -> Result<Page, Error> {
        self.turn().await;
        // As long as an answer could repeat it.
        let _held = match position {
            Position::Start => None,
            Position::Page(token) => Some(self.0.in_flight.hold(token.as_str())),
            Position::Delta(token) => Some(self.0.in_flight.hold(token.as_str())),
        };
        let page = self.request(position, filter, settings).await?;
        match (position, &page.next) {
            (Position::Page(asked), Token::Page(next)) if asked == next => Err(endless(
                "the answer's pagination_token is the one that was asked for: \
                 going on would ask for the same page for ever",
            )),
            _ => Ok(page),
        }
    }

    /// The parameters go in the order of the official SDK for Python.
    fn request(&self, position: &Position, filter: &Filter, settings: &Settings) -> Call<Page> {
        let pipeline = &self.0.pipeline;
        let call = match position {
            Position::Start => {
                let types: Vec<&str> = filter.types.iter().map(|name| name.as_str()).collect();
                pipeline
                    .call(&INIT)
                    .query("init", "true")
                    .query_opt("content_type_uid", filter.content_type.as_ref())
                    .query_opt(
                        "start_from",
                        filter.start_from.as_ref().map(|at| at.as_str()),
                    )
                    .query_opt("locale", filter.locale.as_ref())
                    .query_opt("type", (!types.is_empty()).then(|| types.join(",")))
            }
            Position::Page(token) => pipeline
                .call(&PAGE)
                .query("pagination_token", token.as_str()),
            Position::Delta(token) => pipeline.call(&DELTA).query("sync_token", token.as_str()),
        };
        let call = call
            .query_opt("limit", settings.limit.map(|limit| limit.to_string()))
            .query("environment", &self.0.environment)
            .accept(HeaderValue::from_static("application/json"));
        let call = match settings.timeout {
            Some(limit) => call.timeout(limit),
            None => call,
        };
        call.decode_with(|_, body| wire::page(&body))
    }
}
