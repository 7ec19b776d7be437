//! Addresses of assets, found and replaced.

use std::borrow::Cow;

use contentstack_sync::model::RawJson;
use contentstack_sync::query::urls::{AssetHosts, AssetUrl, rewrite, rewrite_json};

const HOSTS: [&str; 14] = [
    "images.contentstack.io",
    "assets.contentstack.io",
    "eu-images.contentstack.com",
    "eu-assets.contentstack.com",
    "au-images.contentstack.com",
    "au-assets.contentstack.com",
    "azure-na-images.contentstack.com",
    "azure-na-assets.contentstack.com",
    "azure-eu-images.contentstack.com",
    "azure-eu-assets.contentstack.com",
    "gcp-na-images.contentstack.com",
    "gcp-na-assets.contentstack.com",
    "gcp-eu-images.contentstack.com",
    "gcp-eu-assets.contentstack.com",
];

fn own(text: &str) -> Cow<'_, str> {
    rewrite(text, &AssetHosts::regions(), |url| {
        Some(format!("/files/{}", url.name().unwrap_or("-")))
    })
}

#[test]
fn the_hosts_of_all_regions_are_known_and_no_others() {
    // DataSync finds the first two of them only.
    for host in HOSTS {
        assert!(AssetHosts::regions().contains(host), "{host}");
        assert!(AssetHosts::regions().contains(&host.to_uppercase()));
        assert!(!AssetHosts::none().contains(host));
        let text = format!("x https://{host}/v3/assets/blt1/blt2/f/n.jpg y");
        assert_eq!(own(&text), "x /files/n.jpg y");
    }
    for host in [
        "images.contentstack.com",
        "eu-images.contentstack.io",
        "images.contentstack.io.evil.example",
        "evil-images.contentstack.com",
        "xeu-images.contentstack.com",
        "contentstack.io",
        "cdn.contentstack.io",
        "",
    ] {
        assert!(!AssetHosts::regions().contains(host), "{host}");
        let text = format!("https://{host}/v3/assets/blt1/blt2/f/n.jpg");
        assert_eq!(own(&text), text);
    }
    let custom = AssetHosts::none().and("Assets.Example.com:8443");
    assert!(custom.contains("assets.example.com:8443"));
    assert!(!custom.contains("assets.example.com"));
}

#[test]
fn addresses_are_found_in_html_markdown_and_prose() {
    const A: &str = "https://eu-images.contentstack.com/v3/assets/blt1/blt2/f/n.jpg";
    for (before, after) in [
        (format!("<img src=\"{A}\">"), "<img src=\"/files/n.jpg\">"),
        (
            format!("<img src='{A}?width=1&amp;x=2'>"),
            "<img src='/files/n.jpg'>",
        ),
        (format!("<img src={A}>"), "<img src=/files/n.jpg>"),
        (
            format!("<img srcset=\"{A} 1x, {A} 2x\">"),
            "<img srcset=\"/files/n.jpg 1x, /files/n.jpg 2x\">",
        ),
        (format!("![x]({A})"), "![x](/files/n.jpg)"),
        (format!("![x]({A} \"t\")"), "![x](/files/n.jpg \"t\")"),
        (format!("[1]: {A}\nnext"), "[1]: /files/n.jpg\nnext"),
        (format!("See {A}."), "See /files/n.jpg."),
        (format!("({A})"), "(/files/n.jpg)"),
        (format!("{A},{A}"), "/files/n.jpg"),
        (format!("url('{A}')"), "url('/files/n.jpg')"),
        (
            A.replace("n.jpg", "n(1).jpg").to_string(),
            "/files/n(1).jpg",
        ),
        (
            format!("![x]({})", A.replace("n.jpg", "n(1).jpg")),
            "![x](/files/n(1).jpg)",
        ),
        (A.replace("https:", ""), "/files/n.jpg"),
        (A.replace("https:", "HTTP:"), "/files/n.jpg"),
        (format!("é{A}é"), "é/files/n.jpgé"),
    ] {
        let expected = if before.contains(&format!("{A},{A}")) {
            // A comma may be part of a name.
            "/files/n.jpg,https://eu-images.contentstack.com/v3/assets/blt1/blt2/f/n.jpg"
        } else {
            after
        };
        assert_eq!(own(&before), expected, "{before}");
    }
}

#[test]
fn a_parenthesis_ends_an_address_unless_it_was_opened_in_it() {
    const A: &str = "https://eu-images.contentstack.com/v3/assets/blt1/blt2/f/n";
    for (before, after) in [
        (format!("![x]({A}.jpg)"), "![x](X)"),
        (format!("![x]({A}(1).jpg)"), "![x](X)"),
        (format!("({A}((1)).jpg) b)"), "(X) b)"),
    ] {
        let own = rewrite(&before, &AssetHosts::regions(), |_| Some("X".to_owned()));
        assert_eq!(own, after);
    }
}

#[test]
fn a_text_without_any_is_not_copied() {
    for text in [
        "",
        "plain",
        "/v3/assets/blt1/blt2/f/n.jpg",
        "https:/images.contentstack.io/v3/assets/blt1/blt2/f/n.jpg",
        "https://images.contentstack.io/v3/assets/",
        "https://images.contentstack.io/v3/assets/blt1",
    ] {
        assert!(
            matches!(own(text), Cow::Borrowed(same) if same == text),
            "{text}"
        );
    }
    let kept = "https://images.contentstack.io/v3/assets/blt1/blt2/f/n";
    let none = rewrite(kept, &AssetHosts::regions(), |_| None);
    assert!(matches!(none, Cow::Borrowed(_)));
}

#[test]
fn the_parts_of_an_address() {
    let url = "https://images.contentstack.io/v3/assets/blt1/blt2/66f0/a%20b.jpg?width=10#x";
    let parts = AssetUrl::parse(url).unwrap();
    assert_eq!(parts.as_str(), url);
    assert_eq!(parts.host(), "images.contentstack.io");
    assert_eq!((parts.stack(), parts.uid()), ("blt1", "blt2"));
    assert_eq!(parts.file(), Some("66f0"));
    assert_eq!(parts.name(), Some("a%20b.jpg"));
    assert_eq!(parts.query(), Some("width=10"));
    let short = AssetUrl::parse("//h/v3/assets/s/u").unwrap();
    assert_eq!(
        (short.file(), short.name(), short.query()),
        (None, None, None)
    );
    for not in [
        "ftp://h/v3/assets/s/u/f/n",
        "https://h/v2/assets/s/u/f/n",
        "https://user:pw@h/v3/assets/s/u/f/n",
        "https://h",
        "h/v3/assets/s/u/f/n",
    ] {
        assert_eq!(AssetUrl::parse(not), None, "{not}");
    }
}

#[test]
fn in_json_only_the_addresses_change() {
    let json = r#"{ "n": 1.50, "a\"b": "say \"https://assets.contentstack.io/v3/assets/s/u/f/x.pdf\"" ,
        "slashes":"https:\/\/images.contentstack.io\/v3\/assets\/s\/u\/f\/y.jpg","l":["é\u00e9", 1e400]}"#;
    let raw: RawJson = serde_json::from_str(json).unwrap();
    let new = rewrite_json(&raw, &AssetHosts::regions(), |url| {
        Some(format!("\"{}\"", url.name()?))
    });
    let expected = r#"{ "n": 1.50, "a\"b": "say \"\"x.pdf\"\"" ,
        "slashes":"\"y.jpg\"","l":["é\u00e9", 1e400]}"#;
    assert_eq!(new.as_str(), expected);
    let same = rewrite_json(&raw, &AssetHosts::none(), |_| Some(String::new()));
    assert_eq!(same, raw);
}
