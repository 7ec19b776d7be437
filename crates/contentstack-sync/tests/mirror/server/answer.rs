//! What is answered.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;

use super::content::{Event, Place};
use super::{Cursor, Fault, Order, State};

/// What a sync is limited to.
#[derive(Clone, Debug, Default)]
pub struct Query {
    types: BTreeSet<String>,
    content_type: Option<String>,
    locale: Option<String>,
}

/// One item of a result.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Of a full sync: what it is, to be looked up when the page is made.
    place: Option<Place>,
    body: String,
}

impl Query {
    fn wants(&self, event: &Event) -> bool {
        let locale = event.place.as_ref().map(|place| &place.2);
        (self.types.is_empty() || self.types.contains(event.kind))
            && (self.content_type.is_none()
                || self.content_type.as_ref() == Some(&event.content_type))
            && (self.locale.is_none() || locale.is_none() || self.locale.as_ref() == locale)
    }
}

impl State {
    pub fn answer(&mut self, path: &str, query: &str, fault: Option<Fault>) -> (StatusCode, Bytes) {
        if path == "/v3/content_types" {
            let types = self.content.content_types.iter();
            let types: Vec<String> = types.map(|uid| format!(r#"{{"uid":"{uid}"}}"#)).collect();
            let body = format!(
                r#"{{"content_types":[{}],"count":{}}}"#,
                types.join(","),
                types.len()
            );
            return (StatusCode::OK, body.into());
        }
        if fault == Some(Fault::Stale) {
            if let Some(body) = self.cache.get(query) {
                return (StatusCode::OK, body.clone());
            }
        }
        let parameters: HashMap<String, String> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.replace("%2C", ",")))
            .collect();
        assert!(
            parameters.contains_key("environment"),
            "always sent: {query}"
        );
        let (name, token) = ["pagination_token", "sync_token"]
            .into_iter()
            .find_map(|name| Some((name, parameters.get(name)?.as_str())))
            .unwrap_or_default();
        match fault {
            Some(Fault::UnknownForNow) => return unknown(name),
            Some(Fault::Forgotten) => {
                self.tokens.remove(token);
                return unknown(name);
            }
            Some(Fault::EmptyPage) => {
                if let Some(cursor @ Cursor::Page { .. }) = self.tokens.get(token).cloned() {
                    let again = self.token(cursor);
                    let body = format!(r#"{{"items":[],"pagination_token":"{again}"}}"#);
                    // Whatever asks with it gets what was meant.
                    return (StatusCode::OK, body.into());
                }
            }
            Some(Fault::Circle) => {
                let body = format!(r#"{{"items":[],"pagination_token":"{token}"}}"#);
                return (StatusCode::OK, body.into());
            }
            _ => {}
        }
        let body = if parameters.contains_key("init") {
            self.initial(&parameters, fault)
        } else {
            match self.tokens.get(token).cloned() {
                // The kind of a token is not in its text, and matters.
                Some(Cursor::Page {
                    items,
                    offset,
                    end,
                    filter,
                }) if name == "pagination_token" => self.page(items, offset, end, filter, fault),
                Some(Cursor::Sync { at, filter }) => self.delta(token, at, filter, fault),
                _ => return unknown(name),
            }
        };
        let body = Bytes::from(body);
        self.cache.insert(query.to_owned(), body.clone());
        (StatusCode::OK, body)
    }

    fn token(&mut self, cursor: Cursor) -> String {
        self.next_token += 1;
        // As the real ones look.
        let token = format!(
            "cs{:032x}",
            u128::from(self.next_token) * 0x9e37_79b9_7f4a_7c15
        );
        self.tokens.insert(token.clone(), cursor);
        token
    }

    fn initial(&mut self, parameters: &HashMap<String, String>, fault: Option<Fault>) -> String {
        let types = parameters
            .get("type")
            .map(String::as_str)
            .unwrap_or_default();
        let filter = Query {
            types: types
                .split(',')
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
            content_type: parameters.get("content_type_uid").cloned(),
            locale: parameters.get("locale").cloned(),
        };
        let mut objects: Vec<_> = self
            .content
            .objects
            .iter()
            .map(|(place, object)| Event {
                kind: match place.0 {
                    "entry" => "entry_published",
                    _ => "asset_published",
                },
                at: object.at,
                content_type: object.content_type.clone(),
                place: Some(place.clone()),
                data: object.data.clone(),
            })
            .filter(|event| filter.wants(event))
            .collect();
        objects.sort_by_key(|event| std::cmp::Reverse(event.at));
        let items = objects.into_iter().map(|event| Listed {
            body: self.body(&event),
            place: event.place,
        });
        let items = Arc::new(items.collect());
        let end = self.content.log.len();
        self.page(items, 0, end, filter, fault)
    }

    fn delta(&mut self, token: &str, at: usize, filter: Query, fault: Option<Fault>) -> String {
        let log = &self.content.log;
        let end = log.len();
        let from = match at == end {
            true => at,
            false => at.saturating_sub(self.manner.overlap),
        };
        let mut events: Vec<Event> = log[from..]
            .iter()
            .filter(|e| filter.wants(e))
            .cloned()
            .collect();
        if events.is_empty() {
            return format!(r#"{{"items":[],"sync_token":"{token}"}}"#);
        }
        if self.manner.compact {
            let mut last: HashMap<Place, u64> = HashMap::new();
            for event in &events {
                if let Some(place) = &event.place {
                    last.insert(place.clone(), event.at);
                }
            }
            events.retain(|event| event.place.as_ref().is_none_or(|p| last[p] == event.at));
        }
        match self.manner.order {
            Order::NewestFirst => events.reverse(),
            Order::OldestFirst => {}
            Order::Shuffled => self.faults.rng.shuffle(&mut events),
        }
        let items = events.iter().map(|event| Listed {
            place: None,
            body: self.body(event),
        });
        let items: Vec<Listed> = items.collect();
        self.page(Arc::new(items), 0, end, filter, fault)
    }

    fn body(&mut self, event: &Event) -> String {
        match self.manner.odd {
            true => event.odd_body(&mut self.faults.rng),
            false => event.body(),
        }
    }

    fn page(
        &mut self,
        items: Arc<Vec<Listed>>,
        offset: usize,
        end: usize,
        filter: Query,
        fault: Option<Fault>,
    ) -> String {
        let size = self.manner.page_size;
        let (total, next) = (items.len(), (offset + size).min(items.len()));
        let mut bodies: Vec<String> = items[offset..next]
            .iter()
            .filter_map(|listed| match &listed.place {
                Some(place) if self.manner.live_pages => {
                    let object = self.content.objects.get(place)?;
                    let event = Event {
                        kind: match place.0 {
                            "entry" => "entry_published",
                            _ => "asset_published",
                        },
                        at: object.at,
                        content_type: object.content_type.clone(),
                        place: None,
                        data: object.data.clone(),
                    };
                    Some(event.body())
                }
                _ => Some(listed.body.clone()),
            })
            .collect();
        match fault {
            Some(Fault::UnknownItem) => bodies.push(
                r#"{"type":"variant_published","event_at":"2026-01-01T00:00:00.000Z","content_type_uid":"article","data":{"uid":"bltnew","locale":"en-us"}}"#
                    .to_owned(),
            ),
            Some(Fault::BrokenItem) => {
                let broken = [
                    "17",
                    r#"{"type":"entry_published","event_at":"2026-01-01T00:00:00.000Z"}"#,
                    r#"{"type":"entry_published","data":{"uid":"bltnotime","locale":"en-us"}}"#,
                    r#"{"type":"asset_deleted","event_at":"2026-01-01T00:00:00.000Z","data":{}}"#,
                    r#"{"type":"content_type_deleted","event_at":"2026-01-01T00:00:00.000Z","data":{}}"#,
                ];
                bodies.push(broken[self.faults.rng.usize(..broken.len())].to_owned());
            }
            Some(Fault::Repeated) if !bodies.is_empty() => {
                bodies.push(bodies[self.faults.rng.usize(..bodies.len())].clone());
            }
            _ => {}
        }
        let tokens = if next < total {
            let token = self.token(Cursor::Page {
                items,
                offset: next,
                end,
                filter: filter.clone(),
            });
            match fault {
                Some(Fault::BothTokens) => {
                    let sync = self.token(Cursor::Sync { at: end, filter });
                    format!(r#""sync_token":"{sync}","pagination_token":"{token}""#)
                }
                _ => format!(r#""pagination_token":"{token}""#),
            }
        } else {
            let token = self.token(Cursor::Sync { at: end, filter });
            format!(r#""sync_token":"{token}""#)
        };
        let items = bodies.join(",");
        if self.manner.odd {
            let total = [0, 1, total / 2, 1000 * total][self.faults.rng.usize(..4)];
            return format!(
                r#" {{{tokens}, "total_count":"{total}","skip":null,"limit":"1","new":[{{}}],"items":[{items}]}}"#
            );
        }
        format!(
            r#"{{"items":[{items}],"skip":{offset},"limit":{size},"total_count":{total},{tokens}}}"#
        )
    }
}

/// 422, code 141.
fn unknown(name: &str) -> (StatusCode, Bytes) {
    let body = format!(
        r#"{{"error_message":"x","error_code":141,"errors":{{"{name}":["is not valid."]}}}}"#
    );
    (StatusCode::UNPROCESSABLE_ENTITY, body.into())
}
