//! Signatures, and signed requests beside bare ones.

use std::hint::black_box;
use std::path::Path;

use http::header::{ACCEPT_ENCODING, AUTHORIZATION, HOST, USER_AGENT};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use ocss::api::Models;
use ocss::emulator::{Account, Emulator};
use ocss::oauth1::{self, Credentials, OAuth1, Signer};
use ocss::{SyncServerApi, SyncServerAuth};
use sync_core::hyper::HyperTransport;
use sync_core::{Operation, Pipeline};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::Result;
use crate::bench::core::Cores;
use crate::bench::served::{Served, tell};
use crate::bench::turns::Turns;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Resource {
    /// The smallest: one model, 829 bytes.
    Entry,
    /// The models of a vendor: 26 of them on one page.
    Listing,
}

impl Resource {
    pub(super) const ALL: [Self; 2] = [Self::Entry, Self::Listing];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Listing => "listing",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|one| one.name() == name);
        Ok(found.ok_or_else(|| format!("there is no resource `{name}`"))?)
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Entry => "phones/models/some-model-id",
            Self::Listing => "phones/vendors/some-vendor-id/models/",
        }
    }
}

/// Seconds that a signature takes: HMAC-SHA1, two parameters, to the header's
/// text.
pub(super) fn sign(count: u32) -> Result<f64> {
    let signer = signer();
    let url = "https://api.obexcode.com/v2/services/datastore/my-datastore-client-id/content/\
               ?since=2009-11-01T123000Z&dataclass=contacts";
    let uri: Uri = url.parse()?;
    let begun = Instant::now();
    for number in 0..count {
        let request = oauth1::Request::new(&Method::GET, &uri);
        let nonce = "0123456789abcdefghijkl";
        let signed = signer.sign(&request, nonce, 1_257_078_600 + u64::from(number))?;
        black_box(signed.authorization());
    }
    Ok(begun.elapsed().as_secs_f64() / f64::from(count))
}

/// Serves until standard input ends.
pub(super) fn serve() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // Compressed, a body would be more work for those who ask for that.
        let emulator = Emulator::builder().log_limit(0).compression(false);
        let emulator = emulator.start().await?;
        tell(emulator.url())?;
        std::future::pending().await
    })
}

/// The same as a process of its own.
pub(super) fn start(program: &Path, cores: Cores) -> Result<Served> {
    Served::start(cores.command(program).arg("serve"))
}

/// Who gets it, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Getter {
    /// hyper's connection alone, without a signature.
    Bare,
    /// The same with a header of our signer's.
    BareSigned,
    /// Our pipeline with our signatures. The body is read into memory and
    /// nothing is made of it, as with the bare ones.
    SignedBytes,
    /// Our client without credentials: the entries as typed resources.
    Unsigned,
    /// Our client: the same, signed.
    Signed,
}

impl Getter {
    pub(super) const ALL: [Self; 5] = [
        Self::Bare,
        Self::BareSigned,
        Self::SignedBytes,
        Self::Unsigned,
        Self::Signed,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::BareSigned => "bare-signed",
            Self::SignedBytes => "signed-bytes",
            Self::Unsigned => "unsigned",
            Self::Signed => "signed",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|getter| getter.name() == name);
        Ok(found.ok_or_else(|| format!("there is no getter `{name}`"))?)
    }
}

/// So many GETs of each, one after the other, so many times in turn.
pub(super) fn take_turns(
    getters: &[Getter],
    resource: Resource,
    url: &str,
    turns: u32,
    gets: u32,
) -> Result<Turns> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let uri: Uri = format!("{url}{}", resource.path()).parse()?;
        let api = || SyncServerApi::builder().base_url(url);
        let mut bare = Bare::open(uri.clone(), None).await?;
        let mut bare_signed = Bare::open(uri.clone(), Some(signer())).await?;
        let bytes = Bytes::new(url, uri)?;
        let unsigned = Typed::new(resource, api().build()?).await?;
        let signed = Typed::new(resource, api().auth(auth()).build()?).await?;
        let mut taken = Turns::default();
        // The first turn opens the ways.
        for turn in 0..=turns {
            for getter in getters {
                let begun = Instant::now();
                for _ in 0..gets {
                    match getter {
                        Getter::Bare => bare.get().await?,
                        Getter::BareSigned => bare_signed.get().await?,
                        Getter::SignedBytes => bytes.get().await?,
                        Getter::Unsigned => unsigned.get().await?,
                        Getter::Signed => signed.get().await?,
                    }
                }
                if turn > 0 {
                    let seconds = begun.elapsed().as_secs_f64() / f64::from(gets);
                    taken.add(getter.name(), seconds);
                }
            }
        }
        Ok(taken)
    })
}

fn signer() -> Signer {
    let alice = Account::alice();
    Signer::new(Credentials::new(
        alice.consumer_key(),
        alice.consumer_secret().clone(),
        alice.access_key(),
        alice.access_secret().clone(),
    ))
}

fn auth() -> SyncServerAuth {
    let alice = Account::alice();
    SyncServerAuth::new(
        alice.consumer_key(),
        alice.consumer_secret().clone(),
        alice.access_key(),
        alice.access_secret().clone(),
    )
}

/// Our client.
struct Typed {
    resource: Resource,
    models: Models,
    listing: Models,
}

impl Typed {
    async fn new(resource: Resource, api: SyncServerApi) -> Result<Self> {
        let vendor = api.phones().vendors().get("some-vendor-id").await?;
        Ok(Self {
            resource,
            models: api.phones().models(),
            listing: vendor.models(),
        })
    }

    async fn get(&self) -> Result<()> {
        match self.resource {
            Resource::Entry => {
                black_box(self.models.get("some-model-id").await?);
            }
            Resource::Listing => {
                self.listing.refresh();
                black_box(self.listing.list().await?);
            }
        }
        Ok(())
    }
}

/// Our pipeline.
struct Bytes {
    pipeline: Pipeline,
    uri: Uri,
}

impl Bytes {
    fn new(url: &str, uri: Uri) -> Result<Self> {
        let pipeline = Pipeline::builder(url)
            .transport(HyperTransport::builder().build()?)
            .auth(OAuth1::with_signer(signer()))
            .build()?;
        Ok(Self { pipeline, uri })
    }

    async fn get(&self) -> Result<()> {
        static GET: Operation = Operation::get("bench", "get", "/");
        black_box(self.pipeline.call_uri(&GET, self.uri.clone()).await?);
        Ok(())
    }
}

/// One connection of hyper's.
struct Bare {
    sender: SendRequest<Empty<bytes::Bytes>>,
    uri: Uri,
    authority: String,
    signer: Option<Signer>,
    now: u64,
    number: u64,
}

impl Bare {
    async fn open(uri: Uri, signer: Option<Signer>) -> Result<Self> {
        let authority = uri.authority().ok_or("the URL has no host")?.to_string();
        let stream = TcpStream::connect(&authority).await?;
        stream.set_nodelay(true)?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(driver);
        let now = ocss::Clock::system()
            .now()
            .duration_since(std::time::UNIX_EPOCH)?
            .as_secs();
        Ok(Self {
            sender,
            uri,
            authority,
            signer,
            now,
            number: 0,
        })
    }

    async fn get(&mut self) -> Result<()> {
        self.number += 1;
        // Those of the client, so that the server has the same work.
        let mut request = Request::get(self.uri.path())
            .header(USER_AGENT, "sync-core/0.1.0")
            .header(HOST, &self.authority)
            .header(ACCEPT_ENCODING, "gzip");
        if let Some(signer) = &self.signer {
            // Of another process, too.
            let nonce = format!("{:011}{:011}", std::process::id(), self.number);
            let to_sign = oauth1::Request::new(&Method::GET, &self.uri);
            let signed = signer.sign(&to_sign, &nonce, self.now)?;
            request = request.header(AUTHORIZATION, signed.authorization().expose());
        }
        let request = request.body(Empty::<bytes::Bytes>::new())?;
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        if answer.status() != http::StatusCode::OK {
            return Err(format!("the server answers {}", answer.status()).into());
        }
        black_box(answer.into_body().collect().await?.to_bytes());
        Ok(())
    }
}
