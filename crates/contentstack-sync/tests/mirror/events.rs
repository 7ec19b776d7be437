//! Any events, in any order, in any pages: the rows follow from the events
//! alone.

use std::collections::BTreeMap;

use contentstack_sync::model::{EventTime, Key, Position, RawJson};
use contentstack_sync::store::{
    Advance, Batch, Begin, Chain, Change, Identity, MemoryStore, Millis, Put, Store,
};
use proptest::prelude::*;

use crate::support::rows;

const TYPES: [&str; 2] = ["article", "author"];

/// An event: what, of which uid, and at which second. No two have the same.
#[derive(Clone, Debug)]
struct Event {
    what: What,
    second: usize,
}

#[derive(Clone, Debug)]
enum What {
    Put(usize),
    Remove(usize),
    RemoveType(usize),
}

fn type_of(uid: usize) -> &'static str {
    TYPES[uid % TYPES.len()]
}

fn key(uid: usize) -> Key {
    Key::entry(format!("blt{uid}"), "en-us")
}

/// Written so that texts do not compare as times do.
fn time(second: usize) -> EventTime {
    let text = match second % 3 {
        0 => format!("2026-01-01T10:{:02}:{:02}.000Z", second / 60, second % 60),
        1 => format!("2026-01-01T15:{:02}:{:02}+05:00", second / 60, second % 60),
        _ => format!("2026-01-01T10:{:02}:{:02}Z", second / 60, second % 60),
    };
    text.as_str().into()
}

fn change(event: &Event) -> Change {
    let event_at = time(event.second);
    match event.what {
        What::Put(uid) => Change::Put(Put {
            key: key(uid),
            content_type: Some(type_of(uid).into()),
            event_at,
            url: None,
            data: serde_json::from_str::<RawJson>(&event.second.to_string()).unwrap(),
            links: Vec::new(),
        }),
        What::Remove(uid) => Change::Remove {
            key: key(uid),
            content_type: (event.second % 2 == 0).then(|| type_of(uid).into()),
            event_at,
        },
        What::RemoveType(index) => Change::RemoveType {
            content_type: TYPES[index].into(),
            event_at,
        },
    }
}

/// What must be there, said without any order: of each row the latest event
/// counts, if it brought content, and no later one deleted its type.
fn meaning(events: &[Event]) -> BTreeMap<String, String> {
    let mut expected = BTreeMap::new();
    for uid in 0..4 {
        let own = events.iter().filter(|event| match event.what {
            What::Put(of) | What::Remove(of) => of == uid,
            What::RemoveType(_) => false,
        });
        let Some(last) = own.max_by_key(|event| event.second) else {
            continue;
        };
        let type_is_gone = events.iter().any(|event| {
            matches!(event.what, What::RemoveType(index) if TYPES[index] == type_of(uid))
                && event.second > last.second
        });
        if matches!(last.what, What::Put(_)) && !type_is_gone {
            expected.insert(key(uid).to_string(), last.second.to_string());
        }
    }
    expected
}

async fn apply(store: &dyn Store, pages: Vec<Vec<Change>>) {
    let begin = Begin {
        identity: Identity {
            stack: "s".into(),
            filter: Default::default(),
            content_types: Default::default(),
        },
        replaces: None,
        reason: "initial".to_owned(),
        chains: vec![Chain::new("main", Default::default())],
    };
    let generation = store.begin(begin).await.unwrap();
    let mut from = Position::Start;
    let count = pages.len();
    for (index, changes) in pages.into_iter().enumerate() {
        let to = match index + 1 == count {
            true => Position::Delta("end".into()),
            false => Position::Page(format!("p{index}").into()),
        };
        let mut batch = Batch::new(generation, Millis(0));
        batch.changes = changes;
        batch.advance = Some(Advance {
            from: from.clone(),
            to: Chain {
                position: to.clone(),
                ..Chain::new("main", Default::default())
            },
        });
        store.apply(batch).await.unwrap();
        from = to;
    }
}

fn any_events() -> impl Strategy<Value = (Vec<Event>, Vec<usize>, Vec<usize>)> {
    let what = prop_oneof![
        5 => (0..4usize).prop_map(What::Put),
        3 => (0..4usize).prop_map(What::Remove),
        1 => (0..2usize).prop_map(What::RemoveType),
    ];
    let events = prop::collection::vec(what, 1..14).prop_map(|all| {
        let numbered = all.into_iter().enumerate();
        numbered
            .map(|(second, what)| Event { what, second })
            .collect::<Vec<_>>()
    });
    events.prop_flat_map(|events| {
        let order: Vec<usize> = (0..events.len()).collect();
        let again = prop::collection::vec(0..events.len(), 0..5);
        let order = (Just(order).prop_shuffle(), again).prop_map(|(mut order, again)| {
            // Some events come more than once.
            order.extend(again);
            order
        });
        let cuts = prop::collection::vec(1..5usize, 20);
        (Just(events), order, cuts)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_events_and_pages_does_not_matter((events, order, cuts) in any_events()) {
        let mut rest: Vec<Change> = order.iter().map(|index| change(&events[*index])).collect();
        let mut pages = Vec::new();
        for size in cuts {
            let tail = rest.split_off(size.min(rest.len()));
            pages.push(std::mem::replace(&mut rest, tail));
        }
        pages.push(rest);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let found = runtime.block_on(async {
            let store = MemoryStore::new();
            apply(&store, pages).await;
            rows(&store).await
        });
        prop_assert_eq!(found, meaning(&events));
    }
}
