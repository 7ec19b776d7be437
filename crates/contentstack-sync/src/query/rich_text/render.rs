//! Rich text as plain text and as HTML.

use std::fmt::Write as _;

use super::{Embedded, Mark, Node};

impl Node {
    /// The text alone. Paragraphs and other blocks stand on lines of their own;
    /// what is embedded is left out.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        text(self, &mut out);
        out.truncate(out.trim_end_matches('\n').len());
        out
    }

    /// The text as HTML. `embed` is asked for the HTML of each entry and asset
    /// in it; where it has none, an asset becomes an image or a link to the
    /// address that was current when it was embedded, and an entry its text.
    ///
    /// Texts and attributes are escaped, and addresses that run scripts are
    /// left out. Elements of unknown kinds become a `<div>` with what is in them.
    pub fn to_html(&self, mut embed: impl FnMut(Embedded<'_>) -> Option<String>) -> String {
        let mut out = String::new();
        html(self, &mut out, &mut embed);
        out
    }
}

fn text(node: &Node, out: &mut String) {
    if let Some(text) = &node.text {
        out.push_str(text);
        return;
    }
    let kind = node.kind.as_deref().unwrap_or_default();
    if kind == "br" {
        out.push('\n');
    }
    for child in &node.children {
        text(child, out);
    }
    if is_block(kind) && !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
}

fn is_block(kind: &str) -> bool {
    matches!(
        kind,
        "p" | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "li"
            | "tr"
            | "blockquote"
            | "code"
            | "hr"
            | "div"
    )
}

type Embed<'e> = dyn FnMut(Embedded<'_>) -> Option<String> + 'e;

fn html(node: &Node, out: &mut String, embed: &mut Embed<'_>) {
    if let Some(text) = &node.text {
        marked(node, text, out);
        return;
    }
    if let Some(embedded) = node.embeds() {
        if let Some(html) = embed(embedded) {
            out.push_str(&html);
            return;
        }
        if let Embedded::Asset { link, display, .. } = embedded {
            asset(node, link, display, out, embed);
            return;
        }
    }
    let kind = node.kind.as_deref().unwrap_or_default();
    let element = match kind {
        "doc" | "fragment" | "reference" => return children(node, out, embed),
        "hr" | "br" => {
            let _ = write!(out, "<{kind}>");
            return;
        }
        "img" => {
            let source = node.attr("url").or_else(|| node.attr("src"));
            return image(node, source, out);
        }
        "a" => {
            link(node, node.attr("url").or_else(|| node.attr("href")), out);
            "a"
        }
        "code" => "pre",
        "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ol" | "ul" | "li" | "blockquote"
        | "table" | "thead" | "tbody" | "tr" | "th" | "td" | "span" => kind,
        _ => "div",
    };
    if element != "a" {
        let _ = write!(out, "<{element}>");
    }
    children(node, out, embed);
    let _ = write!(out, "</{element}>");
}

fn children(node: &Node, out: &mut String, embed: &mut Embed<'_>) {
    for child in &node.children {
        html(child, out, embed);
    }
}

fn asset(
    node: &Node,
    address: Option<&str>,
    display: Option<&str>,
    out: &mut String,
    embed: &mut Embed<'_>,
) {
    let is_image = node
        .attr("asset-type")
        .is_some_and(|kind| kind.starts_with("image/"));
    if is_image && !matches!(display, Some("link" | "download")) {
        return image(node, address, out);
    }
    link(node, address, out);
    let before = out.len();
    children(node, out, embed);
    if out.len() == before {
        escape(node.attr("asset-name").unwrap_or_default(), out);
    }
    out.push_str("</a>");
}

fn image(node: &Node, source: Option<&str>, out: &mut String) {
    out.push_str("<img");
    attribute("src", source.filter(|url| is_harmless(url)), out);
    let alt = node.attr("alt").or_else(|| node.attr("asset-alt"));
    attribute("alt", alt.or(Some("")), out);
    out.push('>');
}

fn link(node: &Node, address: Option<&str>, out: &mut String) {
    out.push_str("<a");
    attribute("href", address.filter(|url| is_harmless(url)), out);
    attribute(
        "target",
        node.attr("target").filter(|target| !target.is_empty()),
        out,
    );
    out.push('>');
}

fn attribute(name: &str, value: Option<&str>, out: &mut String) {
    if let Some(value) = value {
        let _ = write!(out, " {name}=\"");
        escape(value, out);
        out.push('"');
    }
}

fn marked(node: &Node, text: &str, out: &mut String) {
    let mut open = Vec::new();
    for mark in Mark::ALL {
        if node.has(mark) {
            let element = match mark {
                Mark::Bold => "strong",
                Mark::Italic => "em",
                Mark::Underline => "u",
                Mark::Strikethrough => "s",
                Mark::InlineCode => "code",
                Mark::Subscript => "sub",
                Mark::Superscript => "sup",
            };
            let _ = write!(out, "<{element}>");
            open.push(element);
        }
    }
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push_str("<br>");
        }
        escape(line, out);
    }
    for element in open.iter().rev() {
        let _ = write!(out, "</{element}>");
    }
}

fn escape(text: &str, out: &mut String) {
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            char => out.push(char),
        }
    }
}

/// Whether an address may stand in a page: relative, or of a scheme that only
/// shows something. Browsers skip control characters and spaces in a scheme.
fn is_harmless(address: &str) -> bool {
    let scheme: String = address
        .chars()
        .filter(|char| !char.is_control() && !char.is_whitespace())
        .take_while(|char| !matches!(char, '/' | '?' | '#'))
        .collect();
    match scheme.split_once(':') {
        None => true,
        Some((scheme, _)) => ["http", "https", "mailto", "tel"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known)),
    }
}
