//! What a programmer would write without us for these two tables and nothing
//! else: the standard library's socket, serde_json, and rusqlite or
//! tokio-postgres. One transaction, constant memory.

pub(super) mod postgres;
pub(super) mod sqlite;

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::{Deserializer as _, Error as _, SeqAccess, Visitor};

use super::Result;
use crate::synctools::TOKEN;

/// One object of either model.
#[derive(Deserialize)]
struct Object {
    model: String,
    pk: i64,
    fields: Fields,
}

/// What objects have; groups nothing but a name.
#[derive(Deserialize)]
struct Fields {
    name: String,
    #[serde(default)]
    group: i64,
    #[serde(default)]
    body: String,
    #[serde(default)]
    price: String,
    #[serde(default)]
    score: f64,
    #[serde(default)]
    active: bool,
    #[serde(default)]
    created: String,
    note: Option<String>,
}

impl Object {
    fn is_item(&self) -> Result<bool> {
        match self.model.as_str() {
            "big.bigitem" => Ok(true),
            "big.biggroup" => Ok(false),
            other => Err(format!("an object of {other}").into()),
        }
    }
}

/// Fetches the body and gives every row to `take`; how many there were.
fn rows(port: u16, target: &str, take: impl FnMut(Object) -> Result<()>) -> Result<u64> {
    let mut reader = BufReader::with_capacity(1 << 18, get(port, target)?);
    // The answer's head. The body ends with the connection.
    let mut line = String::new();
    reader.read_line(&mut line)?;
    if !line.contains(" 200 ") {
        return Err(format!("the server answers {line}").into());
    }
    while line != "\r\n" {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Err("the answer has no end of its head".into());
        }
    }
    let mut json = serde_json::Deserializer::from_reader(reader);
    let rows = json.deserialize_seq(Rows(take))?;
    json.end()?;
    Ok(rows)
}

fn get(port: u16, target: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let token = STANDARD.encode(format!("{TOKEN}:"));
    write!(
        stream,
        "GET {target} HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: Basic {token}\r\n\r\n"
    )?;
    Ok(stream)
}

/// The array, object by object.
struct Rows<F>(F);

impl<'de, F: FnMut(Object) -> Result<()>> Visitor<'de> for Rows<F> {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut array: A) -> Result<u64, A::Error> {
        let mut count = 0;
        while let Some(object) = array.next_element()? {
            (self.0)(object).map_err(A::Error::custom)?;
            count += 1;
        }
        Ok(count)
    }
}

/// Writes a moment of the wire as Django has it in SQLite.
fn sqlite_moment(wire: &str, into: &mut String) {
    into.clear();
    let wire = wire.strip_suffix('Z').unwrap_or(wire);
    for character in wire.chars() {
        into.push(if character == 'T' { ' ' } else { character });
    }
    if wire.len() == "2020-01-02T03:04:05.678".len() {
        into.push_str("000");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_six_digits_or_none() {
        let mut text = String::new();
        sqlite_moment("2020-01-02T03:04:05.678Z", &mut text);
        assert_eq!(text, "2020-01-02 03:04:05.678000");
        sqlite_moment("2020-01-02T03:04:05Z", &mut text);
        assert_eq!(text, "2020-01-02 03:04:05");
    }
}
