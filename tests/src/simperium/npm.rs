//! Simperium's own client for Node.js, as one device of a user.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tokio::task::block_in_place;

use super::{Program, script};
use crate::Result;

/// A device with Simperium's own client for Node.js. Its calls block, in a
/// runtime with several threads.
#[derive(Debug)]
pub struct NpmDevice(Program);

impl NpmDevice {
    /// Starts it with `node`, and waits until it has read the index of a bucket.
    pub fn start(node: &Path, url: &str, app: &str, token: &str, bucket: &str) -> Result<Self> {
        let program = Program::start(Command::new(node), &script("device.cjs"))?;
        let mut device = Self(program);
        let open = json!({"do": "open", "url": url, "app": app, "token": token, "bucket": bucket});
        device.ask(&open)?;
        Ok(device)
    }

    /// Has it do something; see `device.cjs`.
    pub fn ask(&mut self, request: &Value) -> Result<Value> {
        block_in_place(|| self.0.ask(request))
    }

    /// Something that needs nothing else.
    pub fn act(&mut self, what: &str) -> Result<Value> {
        self.ask(&json!({"do": what}))
    }

    /// An edit, which is sent when it can be.
    pub fn put(&mut self, key: &str, data: &Value) -> Result<Value> {
        self.ask(&json!({"do": "put", "key": key, "data": data}))
    }

    /// A deletion.
    pub fn remove(&mut self, key: &str) -> Result<Value> {
        self.ask(&json!({"do": "remove", "key": key}))
    }

    /// Waits until it has exactly these objects.
    pub fn has(&mut self, objects: &Value) -> Result<Value> {
        self.ask(&json!({"do": "wait", "objects": objects}))
    }
}
