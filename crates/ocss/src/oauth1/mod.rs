//! OAuth 1.0a signatures (RFC 5849 section 3). All of it is pure, given the
//! nonce and the time, but for [`OAuth1`], which takes them from a clock and
//! from the system for each request of a pipeline. Nothing here does I/O.
//!
//! The service gives out its tokens in a web portal, so of the protocol only
//! the last stage is here: signing requests with two pairs of keys, and
//! verifying such signatures.
//!
//! ```
//! use ocss::oauth1::{Credentials, Request, Signer};
//!
//! let credentials = Credentials::new(
//!     "dpf43f3p2l4k3l03", "kd94hf93k423kf44".into(),
//!     "nnch734d00sl2jdk", "pfkkdhi9sl3r4s00".into(),
//! );
//! let uri = "http://photos.example.net/photos?file=vacation.jpg&size=original".parse().unwrap();
//! let signer = Signer::new(credentials);
//! let signed = signer
//!     .sign(&Request::new(&http::Method::GET, &uri), "kllo9940pd9333jh", 1191242096)
//!     .unwrap();
//! assert_eq!(signed.signature().expose(), "tR3+Ty81lMeYAr/Fid0kMTYa/WM=");
//! ```
//!
//! | concern | type |
//! |---|---|
//! | the four keys | [`Credentials`] |
//! | a signature | [`Signer`], [`Request`], [`Signed`] |
//! | its parts | [`base_uri`], [`normalized_parameters`], [`base_string`], [`signing_key`] |
//! | a server's check | [`verify`], [`ReplayGuard`] |
//! | what a server says about a refusal | [`ProblemReport`] |
//! | credentials of a `sync_core::Pipeline` | [`OAuth1`] |
//!
//! RSA signatures are not here: the service's documentation names none, and
//! its accounts have shared secrets only.

mod authorize;
mod base;
mod credentials;
mod encode;
mod keyed;
mod problem;
mod received;
mod replay;
mod sign;
mod verify;

pub use self::authorize::{ClockOffset, OAuth1, Placement};
pub(crate) use self::authorize::{is_private, without_protocol_parameters};
pub use self::base::{Request, base_string, base_uri, normalized_parameters};
pub use self::credentials::{Credentials, signing_key};
pub use self::encode::percent_encode;
pub use self::problem::{ProblemReport, word};
pub use self::received::Received;
pub use self::replay::ReplayGuard;
pub use self::sign::{SignError, SignatureMethod, Signed, Signer, body_hash};
pub use self::verify::{Claims, Refusal, Verified, verify};
