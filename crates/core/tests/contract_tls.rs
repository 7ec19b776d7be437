//! The transport contract over TLS, as nearly every service is reached.

#![cfg(all(feature = "hyper", feature = "rustls-ring", feature = "testing"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failing test may panic"
)]

mod hyper_support;
#[path = "hyper_support/tls.rs"]
mod tls;

use sync_core::hyper::{ExactCertificate, HyperTransport, TlsConfig};
#[cfg(feature = "http2")]
use sync_core::testing::contract::names_over_http2;
use sync_core::testing::contract::{Report, Setup, Suite, names};
use sync_core::transport::Upgraded;
use tls::{Certificate, Presented, self_signed};

/// The suite for hyper's transport against servers that choose among `alpn`.
fn suite(alpn: &'static [&'static [u8]]) -> Suite<impl Fn(Setup) -> HyperTransport> {
    let certificate = self_signed("127.0.0.1");
    let acceptor = Presented::new(&certificate).alpn(alpn).acceptor();
    Suite::new(move |_| trusting(&certificate)).over_tls(move |io: Upgraded| {
        let acceptor = acceptor.clone();
        async move { acceptor.accept(io).await }
    })
}

fn trusting(certificate: &Certificate) -> HyperTransport {
    let exact = ExactCertificate::sha256(certificate.sha256());
    let tls = TlsConfig::builder().exact_certificate(exact);
    let builder = HyperTransport::builder().tls(tls.build().unwrap());
    builder.build().unwrap()
}

fn assert_kept(report: Report, names: Vec<&str>) {
    report.assert_kept();
    assert_eq!(report.kept(), names);
}

#[tokio::test]
async fn hyper_keeps_the_contract_over_tls() {
    assert_kept(suite(&[b"http/1.1"]).run().await, names());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hyper_keeps_the_contract_over_tls_on_several_threads() {
    assert_kept(suite(&[b"http/1.1"]).run().await, names());
}

#[tokio::test]
async fn hyper_keeps_the_contract_over_tls_where_the_server_knows_no_alpn() {
    assert_kept(suite(&[]).run().await, names());
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn hyper_keeps_the_contract_over_http2_that_the_server_chose() {
    let suite = suite(&[b"h2", b"http/1.1"]).over_http2();
    assert_kept(suite.run().await, names_over_http2());
}

#[cfg(feature = "http2")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hyper_keeps_the_contract_over_http2_that_the_server_chose_on_several_threads() {
    let suite = suite(&[b"h2", b"http/1.1"]).over_http2();
    assert_kept(suite.run().await, names_over_http2());
}

#[tokio::test]
async fn a_transport_that_does_not_trust_the_servers_keeps_little() {
    let stranger = self_signed("127.0.0.1");
    let certificate = self_signed("127.0.0.1");
    let acceptor = Presented::new(&certificate).acceptor();
    let suite = Suite::new(move |_| trusting(&stranger)).over_tls(move |io: Upgraded| {
        let acceptor = acceptor.clone();
        async move { acceptor.accept(io).await }
    });
    let report = suite.only("one_request_is_one_exchange").run().await;
    let (_, why) = &report.failed()[0];
    assert!(why.contains("certificate"), "{why}");
}
