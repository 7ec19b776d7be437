//! How a stack is set up, and how not.

use contentstack_sync::{ConfigError, ContentstackErrorExt as _, ErrorKind, Region, Stack};

use crate::support::{API_KEY, TOKEN, builder, last, ok, with};
use sync_core::testing::mock::ReplyTransport;

#[test]
fn what_is_missing_is_said_before_anything_is_sent() {
    for (key, token, environment, why) in [
        ("", TOKEN, "production", ConfigError::EmptyApiKey),
        (" ", TOKEN, "production", ConfigError::EmptyApiKey),
        (API_KEY, "", "production", ConfigError::EmptyDeliveryToken),
        (API_KEY, TOKEN, "", ConfigError::EmptyEnvironment),
        (API_KEY, TOKEN, "\t", ConfigError::EmptyEnvironment),
    ] {
        let error = Stack::new(key, token, environment).unwrap_err();
        assert_eq!(
            (error.kind(), error.config()),
            (ErrorKind::Config, Some(why))
        );
        assert!(error.to_string().contains("is empty"), "{error}");
    }
}

#[test]
fn what_no_header_can_carry_is_refused() {
    for (key, token) in [("blt\n", TOKEN), (API_KEY, "cs\u{7f}")] {
        let error = Stack::new(key, token, "production").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(!format!("{error:?}").contains("cs\u{7f}"));
    }
    let config =
        |builder: contentstack_sync::StackBuilder| builder.build().unwrap_err().config().unwrap();
    assert_eq!(config(builder().branch("a\nb")), ConfigError::BadBranch);
    assert_eq!(config(builder().branch("")), ConfigError::BadBranch);
    for feature in ["a\nb", "", "a,b"] {
        assert_eq!(
            config(builder().early_access(["x", feature])),
            ConfigError::BadEarlyAccess
        );
    }
}

#[test]
fn hosts_are_checked() {
    for host in [
        "",
        "  ",
        "ftp://host",
        "http://",
        "https://host?x=1",
        "a b",
        "host:99999",
        "https://user:pw@host",
    ] {
        let error = builder().host(host).build().unwrap_err();
        assert_eq!(error.config(), Some(ConfigError::BadHost), "{host:?}");
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}

#[test]
fn keys_that_no_header_can_carry_are_said_to_be_so() {
    // As read from a file, with its last line break.
    for (key, token, expected) in [
        ("blt1\n", "cs1", ConfigError::BadApiKey),
        ("blt1", "cs1\n", ConfigError::BadDeliveryToken),
    ] {
        let error = Stack::new(key, token, "production").unwrap_err();
        assert_eq!(error.config(), Some(expected));
    }
}

async fn address(builder: contentstack_sync::StackBuilder) -> String {
    let (stack, transport) = with(builder, ReplyTransport::new(|_| ok(&last([], "cs1"))));
    stack.sync_init().await.unwrap();
    let request = &transport.requests()[0];
    let uri = request.uri();
    format!(
        "{}://{}",
        uri.scheme_str().unwrap(),
        uri.authority().unwrap()
    )
}

#[tokio::test]
async fn requests_go_to_the_host_of_the_region() {
    for (region, host) in [
        (Region::Na, "cdn.contentstack.io"),
        (Region::Eu, "eu-cdn.contentstack.com"),
        (Region::Au, "au-cdn.contentstack.com"),
        (Region::AzureNa, "azure-na-cdn.contentstack.com"),
        (Region::AzureEu, "azure-eu-cdn.contentstack.com"),
        (Region::GcpNa, "gcp-na-cdn.contentstack.com"),
        (Region::GcpEu, "gcp-eu-cdn.contentstack.com"),
    ] {
        assert_eq!(
            address(builder().region(region)).await,
            format!("https://{host}")
        );
    }
    assert_eq!(address(builder()).await, "https://cdn.contentstack.io");
}

#[tokio::test]
async fn another_host_takes_the_place_of_the_regions() {
    for (host, expected) in [
        ("http://127.0.0.1:8743", "http://127.0.0.1:8743"),
        ("127.0.0.1:8743", "https://127.0.0.1:8743"),
        ("my-cdn.example", "https://my-cdn.example"),
        ("https://my-cdn.example/", "https://my-cdn.example"),
        ("http://[::1]:80", "http://[::1]:80"),
    ] {
        assert_eq!(
            address(builder().region(Region::Eu).host(host)).await,
            expected,
            "{host}"
        );
    }
}

#[test]
fn regions_are_read_from_every_alias() {
    for (names, region) in [
        (
            &["na", "us", "NA", "US", "aws-na", "AWS_NA", " Na "][..],
            Region::Na,
        ),
        (&["eu", "EU", "aws-eu", "AWS_EU"], Region::Eu),
        (&["au", "aws-au", "aws_au"], Region::Au),
        (&["azure-na", "AZURE_NA", "Azure-Na"], Region::AzureNa),
        (&["azure-eu", "azure_eu"], Region::AzureEu),
        (&["gcp-na", "GCP_NA"], Region::GcpNa),
        (&["gcp-eu", "gcp_eu"], Region::GcpEu),
    ] {
        for name in names {
            assert_eq!(name.parse(), Ok(region), "{name}");
        }
        assert_eq!(region.to_string().parse(), Ok(region));
        assert_eq!(serde_json::to_value(region).unwrap(), region.as_str());
        assert_eq!(
            serde_json::from_value::<Region>(region.as_str().into()).unwrap(),
            region
        );
    }
    for name in ["", "mars", "na-aws", "azure"] {
        let error = name.parse::<Region>().unwrap_err();
        assert!(error.to_string().contains("is not a region"), "{error}");
    }
}

#[test]
fn only_north_america_has_io() {
    for region in Region::ALL {
        let hosts = [
            region.delivery_host(),
            region.images_host(),
            region.assets_host(),
        ];
        for host in hosts {
            let ending = if region == Region::Na {
                ".contentstack.io"
            } else {
                ".contentstack.com"
            };
            assert!(host.ends_with(ending), "{host}");
            assert!(
                region == Region::Na || host.starts_with(region.as_str()),
                "{host}"
            );
        }
        assert!(
            region
                .preview_host()
                .ends_with("rest-preview.contentstack.com")
        );
    }
    assert_eq!(Region::Na.images_host(), "images.contentstack.io");
    assert_eq!(
        Region::AzureEu.assets_host(),
        "azure-eu-assets.contentstack.com"
    );
}

#[test]
fn a_stack_is_what_its_fingerprint_says() {
    let fingerprint =
        |builder: contentstack_sync::StackBuilder| builder.build().unwrap().fingerprint().clone();
    let base = || Stack::builder("blt1", "cs1", "e");
    let same = fingerprint(base());
    // Another token is the same stack.
    assert_eq!(fingerprint(Stack::builder("blt1", "cs_other", "e")), same);
    assert_eq!(fingerprint(base().region(Region::Na)), same);
    assert_eq!(
        fingerprint(base().host("https://cdn.contentstack.io/")),
        same
    );
    let others = [
        fingerprint(Stack::builder("blt2", "cs1", "e")),
        fingerprint(Stack::builder("blt1", "cs1", "f")),
        fingerprint(base().branch("main")),
        fingerprint(base().region(Region::Eu)),
        fingerprint(base().host("http://127.0.0.1:1")),
        // The parts do not run into one another.
        fingerprint(Stack::builder("blt1e", "cs1", "e")),
    ];
    let mut all: Vec<_> = others
        .iter()
        .map(|one| one.as_str())
        .chain([same.as_str()])
        .collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 7);
    assert!(
        all.iter()
            .all(|text| text.len() == 32 && !text.contains("blt1"))
    );
}
