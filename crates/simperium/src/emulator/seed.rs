//! What there is before anyone writes: users, and objects for measurements.

use serde_json::Value;

use super::account::{Account, Caller};
use super::document::Object;
use super::state::State;
use super::submit::{Edit, Place, Sender, Source};

/// What long texts are made of.
const WORDS: [&str; 8] = [
    "note ", "list ", "milk ", "tree ", "rain ", "fjord ", "bread ", "north ",
];

impl State {
    pub(super) fn create_user(&mut self, app: &str, username: &str, password: &str) -> Account {
        let (app, ids) = self.app(app);
        let old = app.named(username).map(|user| user.userid.clone());
        if let Some(old) = old {
            app.remove_user(&old);
        }
        let userid = app.add_user(username.to_owned(), Some(password.into()), ids);
        let token = app.issue(&userid, ids).into();
        Account {
            userid,
            username: username.to_owned(),
            token,
        }
    }

    pub(super) fn expire(&mut self, token: &str) {
        for app in self.apps.values_mut() {
            app.expire(token);
        }
    }

    pub(super) fn forget(&mut self, kept: usize) {
        let apps = self.apps.values_mut();
        for bucket in apps.flat_map(super::account::App::all_buckets) {
            bucket.forget(kept);
        }
    }

    /// A bucket of a token's user.
    pub(super) fn place(&mut self, app: &str, token: &str, bucket: &str) -> Option<Place> {
        let (users, ids) = self.app(app);
        let userid = match users.caller(token, ids)? {
            Caller::User(userid) => userid,
            Caller::Admin => return None,
        };
        Some(Place {
            app: app.to_ascii_lowercase(),
            userid,
            bucket: bucket.to_owned(),
        })
    }

    /// Writes objects, as anyone would.
    pub(super) fn seed(&mut self, place: &Place, count: usize, size: usize) {
        for number in 0..count {
            let mut content = String::with_capacity(size + 8);
            let mut word = number;
            while content.len() < size {
                content.push_str(WORDS[word % WORDS.len()]);
                word = word.wrapping_mul(31).wrapping_add(7);
            }
            let object = Object::from_iter([
                ("content".to_owned(), Value::from(content)),
                ("number".to_owned(), Value::from(number)),
                ("tags".to_owned(), Value::from(vec!["seed"])),
            ]);
            let ccid = format!("seed-{}", self.ids.hex());
            let sender = Sender {
                clientid: "seed",
                ccid: &ccid,
            };
            let key = format!("k{number}");
            // What is there already and the same stays as it is.
            let _ = self.modify(place, &key, sender, Source::Newest, Edit::Replace(object));
        }
    }
}
