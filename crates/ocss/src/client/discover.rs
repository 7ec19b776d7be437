//! Where things are, asked of the service itself.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use sync_core::{Error, Operation};

use super::exchange::{Answer, unreadable};
use super::paths::{Layout, Role};
use super::{Request, SyncServerApi};
use crate::atompub::{SERVICE_TYPE, ServiceDocument};

static DISCOVER: Operation = Operation::get("ocss", "service", "/");

/// The layout that the service document at the base URL tells; the default one
/// where there is no such document.
pub(super) async fn layout(api: &SyncServerApi) -> Result<Layout, Error> {
    let request = Request::new(&DISCOVER, api.base_url().clone())
        .accept(HeaderValue::from_static(SERVICE_TYPE));
    let server = api.clone();
    let found = api
        .send(request, move |answer| read(&server, &answer))
        .await;
    match found {
        Err(error)
            if matches!(
                error.status().map(|status| status.as_u16()),
                Some(404 | 406 | 410 | 415)
            ) =>
        {
            Ok(Layout::default())
        }
        found => found,
    }
}

fn read(api: &SyncServerApi, answer: &Answer<'_>) -> Result<Layout, Error> {
    let url = answer.url.to_string();
    let service = match ServiceDocument::parse(&url, &answer.body, answer.limits) {
        Ok(service) => service,
        Err(error) if says_service(answer.headers) => return Err(unreadable(error)),
        // Some page about the service.
        Err(_) => return Ok(Layout::default()),
    };
    let mut layout = Layout::default();
    for role in Role::ALL.iter().copied() {
        let Some(collection) = service.find(role.name(), role.title()) else {
            continue;
        };
        // A place on another server is not one that credentials are sent to.
        let Ok(uri) = api.own_link(&answer.url, &collection.href) else {
            tracing::debug!(
                role = role.name(),
                "the service names a place on another server"
            );
            continue;
        };
        layout.map = layout.map.collection(role, uri.to_string());
        if !collection.accept.entries() {
            layout.closed.push(role);
        }
    }
    Ok(layout)
}

fn says_service(headers: &HeaderMap) -> bool {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(SERVICE_TYPE))
}
