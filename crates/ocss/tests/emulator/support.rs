//! Requests to an emulator without a socket, signed or not.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri};
use ocss::Clock;
use ocss::emulator::{Account, Emulator};
use ocss::oauth1::{self, Credentials, Signer};

/// The host that requests are for.
pub(crate) const HOST: &str = "https://api.obexcode.com";
pub(crate) const ENTRY: &str = "application/atom+xml";

/// A request in the making.
pub(crate) struct Ask {
    method: Method,
    path: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
    signer: Option<Signer>,
}

pub(crate) fn credentials(account: &Account) -> Credentials {
    Credentials::new(
        account.consumer_key(),
        account.consumer_secret().clone(),
        account.access_key(),
        account.access_secret().clone(),
    )
}

impl Ask {
    pub(crate) fn new(method: &str, path: impl Into<String>) -> Self {
        Self {
            method: method.parse().unwrap(),
            path: path.into(),
            headers: Vec::new(),
            body: Bytes::new(),
            signer: None,
        }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .push((name.parse().unwrap(), value.parse().unwrap()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// An entry with this inside.
    pub(crate) fn entry(self, inside: &str) -> Self {
        let entry = format!(
            "<entry xmlns=\"http://www.w3.org/2005/Atom\" \
             xmlns:oc=\"http://schemas.obexcode.com/syncserver/2009\">{inside}</entry>"
        );
        self.header("content-type", ENTRY).body(entry)
    }

    pub(crate) fn signed(self, account: &Account) -> Self {
        self.signed_with(Signer::new(credentials(account)))
    }

    pub(crate) fn alice(self) -> Self {
        self.signed(&Account::alice())
    }

    pub(crate) fn signed_with(mut self, signer: Signer) -> Self {
        self.signer = Some(signer);
        self
    }

    pub(crate) fn request(self) -> Request<Bytes> {
        static NONCE: AtomicU64 = AtomicU64::new(0);
        let uri: Uri = format!("{HOST}{}", self.path).parse().unwrap();
        let mut request = Request::new(self.body);
        if let Some(signer) = &self.signer {
            let nonce = format!("nonce{}", NONCE.fetch_add(1, Ordering::Relaxed));
            let signed = signer
                .sign(&oauth1::Request::new(&self.method, &uri), &nonce, now())
                .unwrap();
            let value = signed.authorization();
            request
                .headers_mut()
                .insert("authorization", value.expose().parse().unwrap());
        }
        *request.method_mut() = self.method;
        *request.uri_mut() = uri;
        request.headers_mut().extend(self.headers);
        request
    }

    pub(crate) fn of(self, emulator: &Emulator) -> Response<Bytes> {
        emulator.handle(&self.request())
    }
}

pub(crate) fn now() -> u64 {
    Clock::system()
        .now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

pub(crate) fn text(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}
