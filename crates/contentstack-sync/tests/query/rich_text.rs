//! JSON rich text.

use contentstack_sync::query::rich_text::{Embedded, Mark, Node};
use serde_json::json;

fn document() -> Node {
    serde_json::from_value(json!({
        "type": "doc", "uid": "d0c", "_version": 3, "attrs": {}, "children": [
            {"type": "h1", "attrs": {}, "children": [{"text": "A & B"}]},
            {"type": "p", "children": [
                {"text": "bold", "bold": true, "italic": true}, {"text": " <plain>\nnext"},
                {"type": "a", "attrs": {"url": "/x?a=1&b=\"2\"", "target": "_blank"}, "children": [{"text": "link"}]},
                {"type": "a", "attrs": {"url": "java\tscript:alert(1)"}, "children": [{"text": "bad"}]},
                {"type": "reference", "children": [{"text": "inline"}], "attrs": {
                    "type": "entry", "display-type": "link", "entry-uid": "e1",
                    "content-type-uid": "article", "locale": "en-us"}}
            ]},
            {"type": "reference", "children": [{"text": ""}], "attrs": {
                "type": "asset", "display-type": "display", "asset-uid": "a1", "content-type-uid": "sys_assets",
                "asset-link": "https://images.contentstack.io/v3/assets/s/a1/f/hero.jpg",
                "asset-name": "hero.jpg", "asset-type": "image/jpeg", "alt": "a \"hero\""}},
            {"type": "ul", "children": [{"type": "li", "children": [{"text": "one"}]}, {"type": "li", "children": [{"text": "two"}]}]},
            {"type": "hr", "children": [{"text": ""}]},
            {"type": "new thing", "children": null, "attrs": null}
        ]
    }))
    .unwrap()
}

#[test]
fn embedded_entries_and_assets_are_found_in_order() {
    let document = document();
    let found: Vec<Embedded<'_>> = document.embedded().collect();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].uid().as_str(), "e1");
    assert_eq!(found[0].content_type().unwrap().as_str(), "article");
    assert_eq!(found[0].locale().unwrap().as_str(), "en-us");
    let Embedded::Asset {
        uid,
        link,
        display,
        node,
    } = found[1]
    else {
        panic!("{:?}", found[1]);
    };
    assert_eq!((uid, display), ("a1", Some("display")));
    assert!(link.unwrap().ends_with("hero.jpg"));
    assert_eq!(node.attr("asset-name"), Some("hero.jpg"));
    assert!(found[1].content_type().is_none() && found[1].locale().is_none());
}

#[test]
fn the_text_has_a_line_for_each_block() {
    assert_eq!(
        document().to_text(),
        "A & B\nbold <plain>\nnextlinkbadinline\none\ntwo"
    );
    assert_eq!(Node::default().to_text(), "");
}

#[test]
fn html_is_escaped_and_runs_no_scripts() {
    let html = document().to_html(|embedded| match embedded {
        Embedded::Entry { uid, .. } => Some(format!("<a href=\"/{uid}\">entry</a>")),
        _ => None,
    });
    assert_eq!(
        html,
        "<h1>A &amp; B</h1>\
         <p><strong><em>bold</em></strong> &lt;plain&gt;<br>next\
         <a href=\"/x?a=1&amp;b=&quot;2&quot;\" target=\"_blank\">link</a><a>bad</a>\
         <a href=\"/e1\">entry</a></p>\
         <img src=\"https://images.contentstack.io/v3/assets/s/a1/f/hero.jpg\" alt=\"a &quot;hero&quot;\">\
         <ul><li>one</li><li>two</li></ul><hr><div></div>"
    );
    // Without an answer an entry is its text.
    assert!(
        document()
            .to_html(|_| None)
            .contains("<a>bad</a>inline</p>")
    );
}

#[test]
fn a_document_is_written_as_it_was_read() {
    let value = serde_json::to_value(document()).unwrap();
    assert_eq!(value["uid"], "d0c");
    assert_eq!(value["_version"], 3);
    assert_eq!(value["children"][1]["children"][0]["bold"], true);
    assert_eq!(serde_json::from_value::<Node>(value).unwrap(), document());
}

#[test]
fn nodes_can_be_visited_and_changed() {
    let mut document = document();
    assert_eq!(document.nodes().next(), Some(&document));
    let bold = document.nodes().filter(|node| node.has(Mark::Bold)).count();
    assert_eq!(bold, 1);
    document.visit_mut(&mut |node| {
        if let Some(text) = &mut node.text {
            text.make_ascii_uppercase();
        }
    });
    assert!(document.to_text().starts_with("A & B\nBOLD <PLAIN>"));
}
