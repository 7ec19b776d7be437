//! Getting in: keys, certificates, sockets, host names; and being kept out.

// What `every_version!` calls may panic as tests do.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::digest;
use serde_json::json;
use sync_core::transport::{Delivery, TransportErrorKind};
use sync_tests::syncthing::{Lab, eventually};
use sync_tests::{Result, every_version};
use syncthing_rest::{Client, Error, ErrorKind, SyncthingError, SyncthingErrorExt};
use xtask::peers::syncthing::Version;

every_version![
    a_wrong_key_is_refused_and_says_so,
    a_key_changed_while_running_is_read_again,
    only_the_daemons_own_certificate_is_trusted,
    a_renewed_certificate_is_read_again,
    a_unix_socket_is_as_good_as_a_port,
    a_wrong_host_name_is_refused_until_the_header_is_set,
];

async fn a_wrong_key_is_refused_and_says_so(version: Version) -> Result<()> {
    let Some(lab) = Lab::start(version)? else {
        return Ok(());
    };
    let url = lab.daemon.url();
    let none = Client::builder(&url).build()?;
    let wrong = Client::builder(&url).api_key("of another daemon").build()?;
    for client in [none, wrong] {
        let error = client.system().ping().await.unwrap_err();
        let refused = matches!(error.syncthing(), Some(SyncthingError::Unauthorized(_)));
        assert!(refused, "{error}");
        assert!(error.to_string().contains("API key"), "{error}");
    }

    let bearer = Client::builder(&url).bearer(lab.daemon.api_key()).build()?;
    match version {
        // It came with 1.23.7.
        Version::V1_19 => assert!(bearer.system().ping().await.is_err()),
        _ => assert_eq!(bearer.system().ping().await?.ping, "pong"),
    }
    Ok(())
}

async fn a_key_changed_while_running_is_read_again(version: Version) -> Result<()> {
    let Some(lab) = Lab::start(version)? else {
        return Ok(());
    };
    let from_home = Client::from_home(lab.daemon.home())?;
    assert_eq!(from_home.system().status().await?.my_id, lab.id()?);

    let key = "another-key-of-the-same-daemon-0";
    lab.client
        .config()
        .patch_gui(&json!({"apiKey": key}))
        .await?;
    let told = Client::builder(lab.daemon.url()).api_key(key).build()?;
    eventually("the new key is in effect", async || {
        Ok(told.system().ping().await.ok())
    })
    .await?;

    assert_eq!(from_home.system().status().await?.my_id, lab.id()?);
    let error = lab.client.system().status().await.unwrap_err();
    assert!(
        matches!(error.syncthing(), Some(SyncthingError::Unauthorized(_))),
        "{error}"
    );
    Ok(())
}

/// SHA-256 of the certificate in a PEM file.
fn fingerprint(pem: &Path) -> Result<[u8; 32]> {
    let text = fs::read_to_string(pem)?;
    let lines = text.lines().filter(|line| !line.starts_with("-----"));
    let der = BASE64.decode(lines.collect::<String>());
    let der = der.map_err(|error| error.to_string())?;
    Ok(digest::digest(&digest::SHA256, &der).as_ref().try_into()?)
}

/// It was the certificate, and the key was not sent to whoever has it.
fn assert_distrusted(error: &Error) {
    let tls = ErrorKind::Transport(TransportErrorKind::Tls);
    assert_eq!(error.kind(), tls, "{error:?}");
    assert_eq!(error.delivery(), Delivery::NotSent, "{error:?}");
}

async fn only_the_daemons_own_certificate_is_trusted(version: Version) -> Result<()> {
    let (Some(lab), Some(other)) = (
        Lab::start_with(version, |builder| builder.tls(true))?,
        Lab::start_with(version, |builder| builder.tls(true))?,
    ) else {
        return Ok(());
    };
    let own = lab.daemon.home().join("https-cert.pem");
    let wrong = other.daemon.home().join("https-cert.pem");
    let builder = || Client::builder(lab.daemon.url()).api_key(lab.daemon.api_key());
    for client in [
        builder().trust_certificate_file(&own).build()?,
        builder().trust_certificate(fingerprint(&own)?).build()?,
        Client::from_home(lab.daemon.home())?,
    ] {
        assert_eq!(client.system().status().await?.my_id, lab.id()?);
    }
    for client in [
        builder().build()?,
        builder().trust_certificate_file(&wrong).build()?,
        builder().trust_certificate(fingerprint(&wrong)?).build()?,
        // The device's certificate is another one.
        builder()
            .trust_certificate_file(lab.daemon.home().join("cert.pem"))
            .build()?,
    ] {
        assert_distrusted(&client.system().status().await.unwrap_err());
    }
    Ok(())
}

async fn a_renewed_certificate_is_read_again(version: Version) -> Result<()> {
    let Some(mut lab) = Lab::start_with(version, |builder| builder.tls(true))? else {
        return Ok(());
    };
    let file = lab.daemon.home().join("https-cert.pem");
    let before = fingerprint(&file)?;
    let pinned = Client::builder(lab.daemon.url())
        .api_key(lab.daemon.api_key())
        .trust_certificate(before)
        .build()?;
    for client in [&lab.client, &pinned] {
        client.system().ping().await?;
    }

    lab.daemon.terminate()?;
    fs::remove_file(&file)?;
    fs::remove_file(lab.daemon.home().join("https-key.pem"))?;
    lab.daemon.start_again()?;
    assert_ne!(fingerprint(&file)?, before);

    assert_eq!(lab.client.system().status().await?.my_id, lab.id()?);
    assert_distrusted(&pinned.system().status().await.unwrap_err());
    Ok(())
}

async fn a_unix_socket_is_as_good_as_a_port(version: Version) -> Result<()> {
    let Some(lab) = Lab::start_with(version, |builder| builder.unix_socket(true))? else {
        return Ok(());
    };
    assert_eq!(lab.client.system().status().await?.my_id, lab.id()?);
    let found = Client::from_home(lab.daemon.home())?;
    assert_eq!(found.system().status().await?.my_id, lab.id()?);
    assert!(!found.events().backlog().await?.is_empty());
    Ok(())
}

async fn a_wrong_host_name_is_refused_until_the_header_is_set(version: Version) -> Result<()> {
    let Some(lab) = Lab::start(version)? else {
        return Ok(());
    };
    let tunnelled = lab.client_builder().host_header("files.example").build()?;
    let error = tunnelled.system().ping().await.unwrap_err();
    assert_eq!(
        error.syncthing(),
        Some(&SyncthingError::HostCheck),
        "{error}"
    );
    let told = lab.client_builder().host_header("localhost").build()?;
    assert_eq!(told.system().ping().await?.ping, "pong");
    Ok(())
}
