//! What the service does with the frames of clients.

use serde_json::Value;

use crate::protocol::{
    AuthReply, BucketOptions, ClientChange, ClientCommand, ClientFrame, EntityVersion, IndexQuery,
    Init, ServerChange, ServerCommand, ServerFrame,
};

use super::Channel;
use crate::emulator::account::{Caller, is_well_formed};
use crate::emulator::bucket::{Page, PageQuery};
use crate::emulator::changes;
use crate::emulator::log::LoggedFrame;
use crate::emulator::query::is_bucket_name;
use crate::emulator::state::State;
use crate::emulator::submit::Place;

impl State {
    /// Takes a frame from a client.
    pub(super) fn frame(&mut self, socket: u64, text: &str) {
        if !self.connections.contains_key(&socket) {
            return;
        }
        self.log.frames.push(|| LoggedFrame {
            socket,
            from_client: true,
            text: text.to_owned(),
        });
        if self.silent {
            return;
        }
        match ClientFrame::parse(text) {
            Ok(ClientFrame::Heartbeat(number)) => {
                let answer = ServerFrame::Heartbeat(number.saturating_add(1));
                self.send(socket, answer.to_string());
            }
            Ok(ClientFrame::Log(_)) => {}
            Ok(ClientFrame::Channel { channel, command }) => self.command(socket, channel, command),
            Err(_) => self.unreadable(socket, text),
        }
    }

    fn reply(&mut self, socket: u64, channel: u32, command: ServerCommand) {
        self.send(
            socket,
            ServerFrame::Channel { channel, command }.to_string(),
        );
    }

    fn command(&mut self, socket: u64, number: u32, command: ClientCommand) {
        if let ClientCommand::Init(init) = command {
            return self.init(socket, number, *init);
        }
        let channel = self
            .connections
            .get(&socket)
            .and_then(|c| c.channels.get(&number));
        let Some(channel) = channel.cloned() else {
            return self.refuse_channel(socket, number, 500, "The channel is not open");
        };
        let (app, ids) = self.app(&channel.place.app);
        let expired = app.caller(&channel.token, ids).is_none();
        match command {
            ClientCommand::Change(change) if expired => {
                let refusal = refusal(&change.id, &channel.clientid, 401, &change.ccid);
                self.reply(socket, number, ServerCommand::Changes(vec![refusal]));
            }
            _ if expired => self.refuse_channel(socket, number, 401, "Token invalid"),
            ClientCommand::Change(change) => self.change(socket, number, &channel, &change),
            ClientCommand::Index(query) => self.index(socket, number, &channel.place, &query),
            ClientCommand::Entity(wanted) => self.entity(socket, number, &channel.place, wanted),
            ClientCommand::Changes(cv) => self.changes(socket, number, &channel.place, &cv),
            // It was asked for to be looked at, in the log of frames.
            ClientCommand::LocalIndex(_) | ClientCommand::Init(_) => {}
        }
    }

    fn init(&mut self, socket: u64, number: u32, init: Init) {
        let token = init.token.expose();
        if !is_well_formed(token) {
            return self.refuse_channel(socket, number, 400, "Token invalid");
        }
        let (app, ids) = self.app(&init.app_id);
        let Some(caller) = app.caller(token, ids) else {
            return self.refuse_channel(socket, number, 401, "Token invalid");
        };
        if !is_bucket_name(&init.name) {
            return self.refuse_channel(socket, number, 500, "Invalid bucket name");
        }
        let admin = caller == Caller::Admin;
        let userid = match caller {
            Caller::User(userid) => Some(userid),
            // An administrator has no buckets; it says whose are meant.
            Caller::Admin => init
                .username
                .as_deref()
                .and_then(|name| app.named(name))
                .map(|user| user.userid.clone()),
        };
        let user = userid.as_deref().and_then(|userid| app.user(userid));
        let Some(user) = user.cloned() else {
            return self.refuse_channel(socket, number, 500, "Permission denied");
        };
        let place = Place {
            app: init.app_id.to_ascii_lowercase(),
            userid: user.userid,
            bucket: init.name,
        };
        app.bucket(&place.userid, &place.bucket, ids);
        let namespace = app
            .option(&place.bucket, "namespace")
            .and_then(Value::as_str);
        let namespace = namespace.map(str::to_owned);
        let channel = Channel {
            place,
            clientid: init.clientid,
            token: token.clone(),
            admin,
        };
        if let Some(connection) = self.connections.get_mut(&socket) {
            connection.channels.insert(number, channel);
        }
        let reply = AuthReply::User(user.username);
        self.reply(socket, number, ServerCommand::Auth(reply));
        if namespace.is_some() {
            let options = BucketOptions {
                namespace,
                expose_namespace: false,
            };
            self.reply(socket, number, ServerCommand::Options(options));
        }
        if let Some(Ok(command)) = init.cmd.as_deref().map(ClientCommand::parse) {
            self.command(socket, number, command);
        }
    }

    /// Says why a channel is not open (any more).
    fn refuse_channel(&mut self, socket: u64, number: u32, code: u16, message: &str) {
        if let Some(connection) = self.connections.get_mut(&socket) {
            connection.channels.remove(&number);
        }
        let message = message.to_owned();
        let reply = AuthReply::Refused { code, message };
        self.reply(socket, number, ServerCommand::Auth(reply));
    }

    fn index(&mut self, socket: u64, number: u32, place: &Place, query: &IndexQuery) {
        let marks = self.config.marks;
        let (app, ids) = self.app(&place.app);
        let bucket = app.bucket(&place.userid, &place.bucket, ids);
        let wanted = PageQuery {
            data: query.data,
            mark: (!query.mark.is_empty()).then_some(query.mark.as_str()),
            limit: query.limit.and_then(|limit| usize::try_from(limit).ok()),
            since: 0,
        };
        let current = ids.cv(bucket.head());
        // There is no frame that refuses a mark: nothing is after it.
        let page = bucket.page(&wanted, marks, current.clone());
        let page = page.unwrap_or_else(|_| Page::empty(current));
        if let Ok(text) = serde_json::to_string(&page) {
            self.send(socket, format!("{number}:i:{text}"));
        }
    }

    fn entity(&mut self, socket: u64, number: u32, place: &Place, version: EntityVersion) {
        let (app, _) = self.app(&place.app);
        let bucket = app.existing(&place.userid, &place.bucket);
        let document = bucket.and_then(|bucket| bucket.version(&version.key, version.version));
        let data = document.map(|document| document.raw().clone());
        self.reply(socket, number, ServerCommand::Entity { version, data });
    }

    fn changes(&mut self, socket: u64, number: u32, place: &Place, cv: &str) {
        let refused = self.refuses_cv();
        let (app, ids) = self.app(&place.app);
        let since = ids.number(cv);
        let bucket = app.bucket(&place.userid, &place.bucket, ids);
        let changes = since.and_then(|since| bucket.since(since));
        let Some(changes) = changes.filter(|_| !refused) else {
            return self.reply(socket, number, ServerCommand::UnknownCv);
        };
        let texts: Vec<&str> = changes.map(|logged| &*logged.text).collect();
        let text = format!("{number}:c:[{}]", texts.join(","));
        self.send(socket, text);
    }

    fn change(&mut self, socket: u64, number: u32, channel: &Channel, change: &ClientChange) {
        // A socket that breaks hears nothing of what it sent last.
        let breaks = self.dropped_writes > 0;
        let connection = breaks.then(|| self.connections.remove(&socket)).flatten();
        let answer = self.apply(&channel.place, &channel.clientid, channel.admin, change);
        let made = matches!(answer, ServerChange::Made(_));
        if made && self.drops_write() {
            return;
        }
        if let Some(connection) = connection {
            self.connections.insert(socket, connection);
        }
        // What was made, everyone has been told already.
        if !made {
            self.reply(socket, number, ServerCommand::Changes(vec![answer]));
        }
    }

    /// Who sends a change or an `init` waits for what becomes of it; anything
    /// else that cannot be read is passed over.
    fn unreadable(&mut self, socket: u64, text: &str) {
        let mut parts = text.splitn(3, ':');
        let number = parts.next().and_then(|channel| channel.parse::<u32>().ok());
        match (number, parts.next(), parts.next()) {
            (Some(number), Some("c"), Some(change)) => {
                self.unreadable_change(socket, number, change);
            }
            (Some(number), Some("init"), payload) => {
                let payload = payload.unwrap_or_default();
                let init: Value = serde_json::from_str(payload).unwrap_or_default();
                let token = init.get("token").and_then(Value::as_str);
                match token.is_some_and(is_well_formed) {
                    true => self.refuse_channel(socket, number, 500, "Invalid init"),
                    false => self.refuse_channel(socket, number, 400, "Token invalid"),
                }
            }
            _ => {}
        }
    }

    /// A change that cannot be read is refused as far as it says what it is.
    fn unreadable_change(&mut self, socket: u64, number: u32, change: &str) {
        let change: Value = serde_json::from_str(change).unwrap_or_default();
        let field = |name: &str| change.get(name).and_then(Value::as_str).unwrap_or_default();
        let channel = self
            .connections
            .get(&socket)
            .and_then(|c| c.channels.get(&number));
        let clientid = channel.map_or("", |channel| channel.clientid.as_str());
        let refusal = refusal(field("id"), clientid, 400, field("ccid"));
        self.reply(socket, number, ServerCommand::Changes(vec![refusal]));
    }
}

fn refusal(id: &str, clientid: &str, code: u16, ccid: &str) -> ServerChange {
    changes::refusal(id, clientid, code.into(), ccid)
}
