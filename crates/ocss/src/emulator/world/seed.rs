//! The data of a fresh server: the numbers and names of the service's own
//! documentation, and a few things that are hard on clients.

use std::collections::BTreeMap;
use std::time::SystemTime;

use sync_core::Secret;

use super::content::{Data, NewContent};
use super::{Binding, Client, ClientData, Model, Store, Times, Vendor, World, uuid};
use crate::time::Timestamp;

/// Vendors with the number of their models. The first four are documented.
const VENDORS: &[(&str, usize)] = &[
    ("HTC", 26),
    ("Nokia", 188),
    ("LG", 5),
    ("Sony Ericsson", 84),
    ("Samsung", 52),
    ("Motorola", 5),
    ("Ærø & <Sønn>", 1),
];

/// A time in UTC. The dates below all exist.
fn utc(year: u16, month: u8, day: u8, time: [u8; 3]) -> Timestamp {
    let [hour, minute, second] = time;
    let time = Timestamp::from_civil(year, month, day, hour, minute, second);
    time.unwrap_or_else(|| SystemTime::UNIX_EPOCH.into())
}

const MIDNIGHT: [u8; 3] = [0, 0, 0];

pub(super) fn world() -> World {
    let mut world = World::default();
    phones(&mut world);
    clients(&mut world);
    let binding = Binding {
        id: 123,
        owner: "alice".to_owned(),
        source: "some-client-id".to_owned(),
        target: "my-datastore-client-id".to_owned(),
        dominant: "source".to_owned(),
        times: Times::new(utc(2009, 9, 14, MIDNIGHT)),
    };
    world.bindings = BTreeMap::from([(binding.id, binding)]);
    world
}

fn phones(world: &mut World) {
    for (name, models) in VENDORS {
        let vendor = match *name {
            "HTC" => "some-vendor-id".to_owned(),
            name => uuid(&format!("vendor/{name}")),
        };
        for index in 0..*models {
            world.models.push(Model {
                id: match (*name, index) {
                    ("HTC", 0) => "some-model-id".to_owned(),
                    _ => uuid(&format!("model/{name}/{index}")),
                },
                name: format!("{name} {}", index + 1),
                vendor: vendor.clone(),
            });
        }
        world.vendors.push(Vendor {
            id: vendor,
            name: (*name).to_owned(),
        });
    }
}

fn clients(world: &mut World) {
    let mut add = |owner: &str, id: &str, title: &str, published: Timestamp, data: ClientData| {
        let client = Client {
            id: id.to_owned(),
            owner: owner.to_owned(),
            title: title.to_owned(),
            times: Times::new(published),
            position: world.next(),
            data,
        };
        world.clients.insert(client.id.clone(), client);
    };
    let phone = |imei: &str, number: &str, timezone: &str| ClientData::Syncml {
        model: "some-model-id".to_owned(),
        imei: imei.to_owned(),
        phone_number: number.to_owned(),
        timezone: timezone.to_owned(),
    };
    let datastore = |name: &str, store: Store| ClientData::Datastore {
        name: name.to_owned(),
        store,
    };
    add(
        "alice",
        "some-client-id",
        "+4799988877",
        utc(2009, 9, 14, [17, 26, 23]),
        phone("356938035643809", "+4799988877", "Europe/Oslo"),
    );
    add(
        "alice",
        "b96afa84-a153-11de-aae5-002215064801",
        "+4799988878",
        utc(2009, 9, 15, MIDNIGHT),
        phone("", "+4799988878", ""),
    );
    add(
        "alice",
        "another-client-id",
        "another-client-id",
        utc(2009, 9, 9, [9, 9, 9]),
        ClientData::Activesync {
            username: "kari".to_owned(),
            password: Secret::from("old-secret"),
        },
    );
    add(
        "alice",
        "my-datastore-client-id",
        "My store",
        utc(2009, 4, 15, MIDNIGHT),
        datastore("My store", contents()),
    );
    add(
        "alice",
        "empty-store",
        "empty-store",
        utc(2009, 4, 16, MIDNIGHT),
        datastore("", Store::default()),
    );
    add(
        "alice",
        "4f1d2dd0-49e4-11de-b387-002215064801",
        "someone@example.com",
        utc(2009, 5, 26, [12, 59, 39]),
        ClientData::Gdata {
            user_id: "someone@example.com".to_owned(),
            datastores: Vec::new(),
        },
    );
    add(
        "bob",
        "bobs-store",
        "Bob's store",
        utc(2009, 4, 17, MIDNIGHT),
        datastore("Bob's store", Store::default()),
    );
}

/// 15 items: 10 of them changed since 2009-11-01 12:30, 5 since 2009-12-09
/// 13:05; 8 contacts, of which 5 changed since 2009-11-01 12:30.
fn contents() -> Store {
    let mut store = Store::default();
    for number in 0..15_u8 {
        let changed = match number {
            0..5 => utc(2009, 10, number + 1, MIDNIGHT),
            5..10 => utc(2009, 11, number - 3, MIDNIGHT),
            _ => utc(2009, 12, number, MIDNIGHT),
        };
        // Items with odd numbers are older than their last change.
        let mut times = Times::new(if number >= 5 && number % 2 == 1 {
            utc(2009, 9, 1, MIDNIGHT)
        } else {
            changed
        });
        times.updated = changed;
        let (title, dataclass, media_type, data) = item(number);
        let new = NewContent {
            id: match number {
                0 => "my-content-id".to_owned(),
                number => uuid(&format!("content/{number}")),
            },
            title: Some(title),
            dataclass: Some(dataclass.to_owned()),
            media_type: media_type.to_owned(),
            data,
        };
        store.insert(new, times);
    }
    store
}

fn item(number: u8) -> (String, &'static str, &'static str, Data) {
    match number {
        0..3 | 5 | 6 | 10..13 => (
            format!("Person{number}"),
            "contacts",
            "text/x-vcard",
            Data::Text(format!(
                "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Person{number};Zoë\r\nEND:VCARD\r\n"
            )),
        ),
        3 | 7 | 13 => (
            format!("Meeting {number}"),
            "events",
            "text/x-vcalendar",
            Data::Text(format!(
                "BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nSUMMARY:Meeting {number}\r\n\
                 DTSTART:20091124T0900{number:02}Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
            )),
        ),
        4 | 8 => (
            format!("Task {number}"),
            "tasks",
            "text/x-vcalendar",
            Data::Text(format!(
                "BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VTODO\r\nSUMMARY:Task {number}\r\n\
                 END:VTODO\r\nEND:VCALENDAR\r\n"
            )),
        ),
        9 => (
            "A note".to_owned(),
            "notes",
            "text/plain",
            Data::Text("milk & <bread>\n]]> \u{1F35E}\ttab".to_owned()),
        ),
        _ => (
            "A picture".to_owned(),
            "Misc",
            "image/png",
            Data::Binary(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec()),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Filter;
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_documentation() {
        let world = world();
        let models = |name: &str| {
            let vendor = world
                .vendors
                .iter()
                .find(|vendor| vendor.name == name)
                .unwrap();
            world
                .models
                .iter()
                .filter(|model| model.vendor == vendor.id)
                .count()
        };
        assert_eq!(
            ["HTC", "Nokia", "LG", "Sony Ericsson"].map(models),
            [26, 188, 5, 84]
        );
        let store = world
            .client("alice", "my-datastore-client-id")
            .unwrap()
            .store()
            .unwrap();
        let count = |since: Option<&str>, dataclass: Option<&str>| {
            let since = since.map(|text| text.parse().unwrap());
            store
                .list(&Filter {
                    since,
                    dataclass: dataclass.map(str::to_owned),
                })
                .len()
        };
        assert_eq!(count(None, None), 15);
        assert_eq!(count(Some("2009-11-01T12:30:00Z"), None), 10);
        assert_eq!(count(Some("2009-12-09T130500Z"), None), 5);
        assert_eq!(count(None, Some("contacts")), 8);
        assert_eq!(count(Some("2009-11-01T123000Z"), Some("contacts")), 5);
    }

    #[test]
    fn ids_are_unique() {
        let world = world();
        let ids: std::collections::BTreeSet<_> =
            world.models.iter().map(|model| &model.id).collect();
        assert_eq!(ids.len(), 361);
    }
}
