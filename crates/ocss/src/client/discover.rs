//! Where things are, asked of the service itself.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use sync_core::{Error, Operation};

use super::exchange::{Answer, unreadable};
use super::paths::{Layout, PathMap, Role};
use super::{Request, SyncServerApi};
use crate::error::OcssErrorExt as _;
use crate::wire;

static DISCOVER: Operation = Operation::get("ocss", "service", "/");
const SERVICE: &str = "application/atomsvc+xml";

/// The layout that the service document at the base URL tells; the default one
/// where there is no such document.
pub(super) async fn layout(api: &SyncServerApi) -> Result<Layout, Error> {
    let request = Request::new(&DISCOVER, api.base_url().clone())
        .accept(HeaderValue::from_static(SERVICE));
    let server = api.clone();
    let found = api.send(request, move |answer| read(&server, &answer)).await;
    match found {
        Err(error) if matches!(error.status().map(|status| status.as_u16()), Some(404 | 406 | 410 | 415)) => {
            Ok(Layout::default())
        }
        found => found,
    }
}

fn read(api: &SyncServerApi, answer: &Answer) -> Result<Layout, Error> {
    let collections = match wire::service(answer) {
        Ok(collections) => collections,
        Err(error) if says_service(&answer.headers) => return Err(unreadable(error)),
        // Some page about the service.
        Err(_) => return Ok(Layout::default()),
    };
    let mut map = PathMap::new();
    let mut closed = Vec::new();
    for collection in collections {
        let Some(role) = role_of(&collection) else {
            continue;
        };
        // What a stranger is said to have is not used.
        let uri = match api.own_link(&answer.url, &collection.href) {
            Ok(uri) => uri,
            Err(error) if error.is_server() => continue,
            Err(error) => return Err(error),
        };
        map = map.collection(role, uri.to_string());
        if collection.closed {
            closed.push(role);
        }
    }
    Ok(Layout { map, closed })
}

/// By the role it states, else by its title.
fn role_of(collection: &wire::ServiceCollection) -> Option<Role> {
    let mut roles = Role::ALL.iter().copied();
    match &collection.role {
        Some(name) => roles.find(|role| role.name() == name),
        None => {
            let title = collection.title.trim();
            roles.find(|role| role.title().eq_ignore_ascii_case(title))
        }
    }
}

fn says_service(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(SERVICE))
}
