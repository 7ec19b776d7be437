//! Where a server is, and how it is spoken to: connection strings.

use std::error::Error as _;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::store::{StoreError, StoreErrorKind};

/// What libpq knows beside `require`, which is the same here.
const VERIFIED: [&str; 2] = ["sslmode=verify-full", "sslmode=verify-ca"];

/// Options of libpq that name files for TLS.
const FILES: [&str; 6] = [
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslpassword",
    "sslcrl",
    "sslcrldir",
];

/// Reads a connection string.
pub(super) fn read(text: &str) -> Result<Config, StoreError> {
    let mut config = match text.parse() {
        Ok(config) => config,
        Err(error) => verified(text).unwrap_or(Err(error)).map_err(|error| {
            // What is wrong with it may be the password, which the source shows.
            StoreError::new(StoreErrorKind::Io, advice(&error))
        })?,
    };
    // As with libpq: such sockets are this machine's own, and have no TLS.
    #[cfg(unix)]
    if !config.get_hosts().is_empty()
        && config
            .get_hosts()
            .iter()
            .all(|host| matches!(host, Host::Unix(_)))
    {
        config.ssl_mode(SslMode::Disable);
    }
    // Only a host can be verified, and an address is one.
    if config.get_hosts().is_empty() {
        for address in config.get_hostaddrs().to_vec() {
            config.host(address.to_string());
        }
    }
    Ok(config)
}

/// Reads one with an `sslmode` that is the same as `require`.
///
/// What could not be read before and can be read after one replacement had that
/// as its `sslmode`: in any other place it changes nothing that is an error.
fn verified(text: &str) -> Option<Result<Config, tokio_postgres::Error>> {
    let mode = VERIFIED.iter().find(|mode| text.contains(**mode))?;
    if text.matches("sslmode=").count() > 1 {
        return None;
    }
    Some(text.replacen(mode, "sslmode=require", 1).parse())
}

/// What can be said about a string that is none.
fn advice(error: &tokio_postgres::Error) -> &'static str {
    let source = error.source().map(ToString::to_string).unwrap_or_default();
    if source == "invalid value for option `sslmode`" {
        return "`sslmode=` is followed by disable, prefer, require, verify-ca or verify-full, and \
                nothing else";
    }
    if FILES
        .iter()
        .any(|name| source == format!("unknown option `{name}`"))
    {
        return "`sslrootcert` and other files for TLS are not read from the connection string: \
                `PostgresOptions::tls` takes what is in them (feature `postgres-tls`)";
    }
    "not a connection string of PostgreSQL"
}

/// Refuses what needs TLS.
#[cfg(not(feature = "postgres-tls"))]
pub(super) fn refuse_encrypted(config: &Config) -> Result<(), StoreError> {
    if config.get_ssl_mode() == SslMode::Require {
        return Err(StoreError::new(
            StoreErrorKind::Unsupported,
            "the connection string demands encryption (`sslmode`): turn on the feature \
             `postgres-tls` of synctools",
        ));
    }
    Ok(())
}

/// Wants TLS, unless it is turned off.
#[cfg(feature = "postgres-tls")]
pub(super) fn demand_encrypted(config: &mut Config) {
    if config.get_ssl_mode() == SslMode::Prefer {
        config.ssl_mode(SslMode::Require);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(text: &str) -> SslMode {
        read(text).unwrap().get_ssl_mode()
    }

    fn refusal(text: &str) -> String {
        let error = read(text).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Io);
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        error.message().to_owned()
    }

    #[test]
    fn modes_that_verify_are_those_that_require() {
        for (text, expected) in [
            ("host=h", SslMode::Prefer),
            ("host=h sslmode=prefer", SslMode::Prefer),
            ("host=h sslmode=disable", SslMode::Disable),
            ("host=h sslmode=require", SslMode::Require),
            ("host=h sslmode=verify-ca user=u", SslMode::Require),
            ("sslmode=verify-full host=h", SslMode::Require),
            ("postgresql://u@h/d?sslmode=verify-full", SslMode::Require),
            (
                "postgresql://u@h/d?sslmode=verify-ca&application_name=a",
                SslMode::Require,
            ),
        ] {
            assert_eq!(mode(text), expected, "{text}");
        }
    }

    #[test]
    fn a_password_is_never_changed() {
        let text = "host=h password='sslmode=verify-full'";
        let config = read(text).unwrap();
        assert_eq!(config.get_password(), Some(&b"sslmode=verify-full"[..]));
        assert_eq!(config.get_ssl_mode(), SslMode::Prefer);
        for text in [
            "host=h password='sslmode=verify-full hunter2' sslmode=verify-full",
            "host=h password='sslmode=verify-full hunter2' sslmode = verify-full",
            "host=h password='sslmode=verify-full hunter2' sslmode=any",
        ] {
            refusal(text);
        }
    }

    #[test]
    fn what_is_not_read_is_told_without_the_password() {
        let files = refusal("host=h password=hunter2 sslmode=verify-full sslrootcert=a.pem");
        assert!(files.contains("`PostgresOptions::tls`"), "{files}");
        let mode = refusal("postgresql://u:hunter2@h/d?sslmode=allow");
        assert!(mode.contains("verify-full"), "{mode}");
        let other = refusal("host=h password=a hunter2=b");
        assert_eq!(other, "not a connection string of PostgreSQL");
    }

    #[cfg(unix)]
    #[test]
    fn sockets_of_this_machine_are_in_the_clear() {
        assert_eq!(mode("host=/run/pg sslmode=require"), SslMode::Disable);
        assert_eq!(mode("host=/run/pg,h sslmode=require"), SslMode::Require);
        assert_eq!(mode("sslmode=require"), SslMode::Require);
    }

    #[test]
    fn an_address_is_a_host_to_verify() {
        let config = read("hostaddr=127.0.0.1,::1").unwrap();
        let host = |name: &str| Host::Tcp(name.to_owned());
        assert_eq!(config.get_hosts(), [host("127.0.0.1"), host("::1")]);
        let config = read("host=h hostaddr=127.0.0.1").unwrap();
        assert_eq!(config.get_hosts(), [host("h")]);
    }
}
