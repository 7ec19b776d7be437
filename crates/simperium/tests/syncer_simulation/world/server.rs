//! The server over HTTP, who writes there, and what goes wrong there.

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::Request;
use simperium::model::Key;
use simperium::store::Json;
use simperium::syncer::machine::Fetched;

use super::{APP, BUCKET, TOKEN, World};
use crate::edits;

impl World {
    pub(super) fn http(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
    ) -> (u16, Option<u64>, Bytes) {
        let request = Request::builder()
            .method(method)
            .uri(format!("/1/{APP}/{BUCKET}/{path}"))
            .header("x-simperium-token", TOKEN)
            .body(Bytes::from(body.to_owned()))
            .unwrap();
        let answer = self.emulator.handle(&request).now_or_never().unwrap();
        let version = answer.headers().get("x-simperium-version");
        let version = version.map(|version| version.to_str().unwrap().parse().unwrap());
        (answer.status().as_u16(), version, answer.into_body())
    }

    pub(super) fn read(&mut self, key: &Key) -> Fetched {
        if !self.healed && self.rng.u8(..) < 25 {
            return Fetched::Failed;
        }
        match self.http("GET", &format!("i/{key}"), "") {
            (200, Some(version), body) => Fetched::Found {
                version,
                object: Json::stored(std::str::from_utf8(&body).unwrap()),
            },
            (404, ..) => Fetched::Gone,
            (status, ..) => panic!("{status}"),
        }
    }

    pub(super) fn write(&mut self) {
        self.written += 1;
        let ccid = format!("ccid=http-{}", self.written);
        let key = self.keys[self.rng.usize(..self.keys.len())].clone();
        let server = self.emulator.objects(APP, TOKEN, BUCKET);
        let current = server.get(key.as_str());
        if let (Some((_, object)), true) = (current, self.deletes && self.rng.u8(..) < 20) {
            edits::foreign_deletion(&mut self.ledger, object);
            self.tell(|| format!("HTTP deletes {key}"));
            self.http("DELETE", &format!("i/{key}?{ccid}"), "");
            return;
        }
        let object = current.map(|(_, object)| object);
        let new = edits::foreign_edit(&mut self.rng, &mut self.ledger, key.as_str(), object);
        self.tell(|| format!("HTTP == {key} {new}"));
        let at = current.map_or(String::new(), |(version, _)| format!("/v/{version}"));
        let path = format!("i/{key}{at}?{ccid}");
        let (status, ..) = self.http("POST", &path, &new.to_string());
        assert_eq!(status, 200);
    }

    pub(super) fn trouble(&mut self) {
        let (profile, rng) = (self.profile, &mut self.rng);
        match rng.u8(..4) {
            0 if profile.drops_answers() => self.emulator.drop_after_write(rng.u32(1..3)),
            1 if profile.forgets() => match rng.u8(..3) {
                0 => self.emulator.forget(rng.usize(..4)),
                1 => self.emulator.unknown_cv(rng.u32(1..3)),
                _ => self.emulator.repeat_changes(rng.u32(1..6)),
            },
            2 | 3 if profile.refuses() => {
                const CODES: [u16; 12] =
                    [400, 401, 404, 405, 409, 412, 413, 417, 440, 500, 503, 599];
                let count = rng.usize(1..4);
                let codes: Vec<u16> = (0..count).map(|_| CODES[rng.usize(..12)]).collect();
                self.emulator.change_errors(codes);
            }
            _ => {}
        }
    }
}
