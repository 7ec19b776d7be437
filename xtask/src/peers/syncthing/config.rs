//! Edits of a freshly generated `config.xml`, as text: the daemon's own writer
//! puts every element on a line of its own, and reads what it's given leniently.

use std::io;

/// Options that keep a daemon on this machine and quick to respond.
const OFFLINE: &[(&str, &str)] = &[
    ("globalAnnounceEnabled", "false"),
    ("localAnnounceEnabled", "false"),
    ("relaysEnabled", "false"),
    ("natEnabled", "false"),
    ("stunKeepaliveStartS", "0"),
    ("crashReportingEnabled", "false"),
    // -1: declined, and not asked again.
    ("urAccepted", "-1"),
    ("autoUpgradeIntervalH", "0"),
    ("announceLANAddresses", "false"),
    ("startBrowser", "false"),
    ("setLowPriority", "false"),
    ("reconnectionIntervalS", "1"),
];

/// What a test's daemon is to be.
#[derive(Debug, Clone)]
pub(super) struct Settings<'a> {
    /// `127.0.0.1:<port>` or the path of a unix socket.
    pub(super) gui_address: &'a str,
    pub(super) tls: bool,
    /// `tcp://127.0.0.1:<port>`.
    pub(super) listen_address: &'a str,
}

/// Makes a generated configuration that of a test's daemon.
pub(super) fn prepare(xml: &str, settings: &Settings<'_>) -> io::Result<String> {
    let mut xml = within(xml, "options", |mut options| {
        for (name, value) in OFFLINE {
            options = set(&options, name, value);
        }
        set(&options, "listenAddress", settings.listen_address)
    })?;
    xml = within(&xml, "gui", |gui| {
        let gui = set(&gui, "address", settings.gui_address);
        let tls = if settings.tls { "true" } else { "false" };
        match attribute(&gui, "tls") {
            Some(old) => gui.replacen(&format!("tls=\"{old}\""), &format!("tls=\"{tls}\""), 1),
            None => gui.replacen("<gui", &format!("<gui tls=\"{tls}\""), 1),
        }
    })?;
    Ok(xml)
}

/// The key of the REST API.
pub(super) fn api_key(xml: &str) -> Option<String> {
    let gui = section(xml, "gui")?;
    let (_, rest) = gui.split_once("<apikey>")?;
    let (key, _) = rest.split_once("</apikey>")?;
    Some(key.to_owned())
}

/// The daemon's own ID: that of the only device in a generated configuration.
pub(super) fn device_id(xml: &str) -> Option<String> {
    let (_, rest) = xml.split_once("<device ")?;
    attribute(rest, "id").map(str::to_owned)
}

fn attribute<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let tag = element.split('>').next()?;
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    rest.split('"').next()
}

/// The range of the element `name`, from its opening to its closing tag.
fn find(xml: &str, name: &str) -> Option<(usize, usize)> {
    let start = [format!("<{name}>"), format!("<{name} ")]
        .iter()
        .filter_map(|tag| xml.find(tag))
        .min()?;
    let close = format!("</{name}>");
    let end = start + xml.get(start..)?.find(&close)? + close.len();
    Some((start, end))
}

fn section<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (start, end) = find(xml, name)?;
    xml.get(start..end)
}

fn within(xml: &str, name: &str, edit: impl FnOnce(String) -> String) -> io::Result<String> {
    let (start, end) = find(xml, name)
        .ok_or_else(|| io::Error::other(format!("the configuration has no <{name}>")))?;
    let (before, rest) = xml.split_at(start);
    let (element, after) = rest.split_at(end - start);
    Ok(format!("{before}{}{after}", edit(element.to_owned())))
}

/// Gives the element exactly one child `name` with this text, in the place of
/// the first that was there.
fn set(element: &str, name: &str, value: &str) -> String {
    let child = format!("<{name}>{}</{name}>", escaped(value));
    let mut text = element.to_owned();
    let mut place = None;
    while let Some((start, end)) = find(&text, name) {
        text.replace_range(start..end, "");
        place.get_or_insert(start);
    }
    let place = place.or_else(|| text.rfind("</")).unwrap_or(text.len());
    text.insert_str(place, &child);
    text
}

fn escaped(value: &str) -> String {
    value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENERATED: &str = r#"<configuration version="37">
    <device id="AAAAAAA-BBBBBBB" name="vm" introducedBy="">
        <address>dynamic</address>
    </device>
    <gui enabled="true" tls="false" debugging="false">
        <address>127.0.0.1:8384</address>
        <apikey>secret</apikey>
    </gui>
    <options>
        <listenAddress>default</listenAddress>
        <listenAddress>quic://0.0.0.0:1</listenAddress>
        <globalAnnounceEnabled>true</globalAnnounceEnabled>
        <unknownHere>kept</unknownHere>
    </options>
    <defaults>
        <device id="" introducedBy="">
            <address>dynamic</address>
        </device>
    </defaults>
</configuration>
"#;

    fn prepared() -> String {
        let settings = Settings {
            gui_address: "127.0.0.1:7",
            tls: true,
            listen_address: "tcp://127.0.0.1:8",
        };
        prepare(GENERATED, &settings).unwrap()
    }

    #[test]
    fn a_prepared_daemon_listens_on_loopback_only() {
        let xml = prepared();
        let options = section(&xml, "options").unwrap();
        assert_eq!(options.matches("<listenAddress>").count(), 1, "{options}");
        assert!(options.contains("<listenAddress>tcp://127.0.0.1:8</listenAddress>"));
        let gui = section(&xml, "gui").unwrap();
        assert!(gui.contains("<address>127.0.0.1:7</address>"), "{gui}");
        assert!(gui.contains(r#"enabled="true" tls="true""#), "{gui}");
    }

    #[test]
    fn a_prepared_daemon_calls_nobody_and_the_rest_is_kept() {
        let xml = prepared();
        let options = section(&xml, "options").unwrap();
        for (name, value) in OFFLINE {
            let element = format!("<{name}>{value}</{name}>");
            assert_eq!(options.matches(&element).count(), 1, "{element}");
            assert_eq!(options.matches(&format!("<{name}>")).count(), 1);
        }
        assert!(options.contains("<unknownHere>kept</unknownHere>"));
        assert_eq!(xml.matches("<address>dynamic</address>").count(), 2);
    }

    #[test]
    fn key_and_device_id_are_read_from_the_generated_file() {
        assert_eq!(api_key(GENERATED).as_deref(), Some("secret"));
        assert_eq!(device_id(GENERATED).as_deref(), Some("AAAAAAA-BBBBBBB"));
        assert_eq!(api_key("<gui></gui>"), None);
        assert!(
            prepare(
                "<configuration/>",
                &Settings {
                    gui_address: "",
                    tls: false,
                    listen_address: "",
                }
            )
            .is_err()
        );
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(
            set("<a></a>", "b", "x<&\">"),
            "<a><b>x&lt;&amp;&quot;&gt;</b></a>"
        );
    }
}
