//! Finding a daemon by its own `config.xml`.
//!
//! The daemon writes its address, its API key and whether it speaks TLS into
//! this file, and its certificate beside it. Places and rules are those of the
//! daemon's documentation and source.

use std::fmt;
use std::path::{Path, PathBuf};

use sync_core::{Error, Secret};

/// What a daemon's home directory says about how to reach it.
#[derive(Clone)]
pub struct Home {
    directory: PathBuf,
    address: Address,
    tls: bool,
    api_key: Secret<String>,
}

/// Where the daemon listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `host:port`.
    Tcp(String),
    /// A unix socket.
    Unix(PathBuf),
}

impl Home {
    /// Reads `config.xml` in `directory`. The variables `STGUIADDRESS` and
    /// `STGUIAPIKEY` win over the file, as they do for the daemon.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](sync_core::ErrorKind::Config): no such file, not a
    /// configuration, the interface is off, or there is no API key.
    pub fn read(directory: impl Into<PathBuf>) -> Result<Self, Error> {
        let directory = directory.into();
        let file = directory.join("config.xml");
        let text = std::fs::read_to_string(&file).map_err(|error| {
            Error::config(format!("cannot read the daemon's {}", file.display())).with_source(error)
        })?;
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let mut home = Self::parse(directory, &text)?;
        if let Some(address) = variable("STGUIADDRESS") {
            home.set_address(&address)?;
        }
        if let Some(key) = variable("STGUIAPIKEY") {
            home.api_key = Secret::new(key);
        }
        Ok(home)
    }

    /// Reads the configuration of the daemon that this user runs.
    ///
    /// Looks at `STHOMEDIR` and `STCONFDIR`, then at the platform's places: on
    /// Linux `$XDG_CONFIG_HOME/syncthing` (older daemons), then
    /// `$XDG_STATE_HOME/syncthing`; on macOS `~/Library/Application
    /// Support/Syncthing`; on Windows `%LOCALAPPDATA%\Syncthing`.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), naming the places that were tried.
    pub fn find() -> Result<Self, Error> {
        let places = places(|name| std::env::var_os(name).filter(|value| !value.is_empty()));
        match places
            .iter()
            .find(|place| place.join("config.xml").is_file())
        {
            Some(place) => Self::read(place),
            None => Err(none_of(&places)),
        }
    }

    fn parse(directory: PathBuf, text: &str) -> Result<Self, Error> {
        let not_one = || Error::config("config.xml is not a configuration of the daemon");
        let document = roxmltree::Document::parse(text).map_err(|_| not_one())?;
        let gui = document
            .root_element()
            .children()
            .find(|node| node.has_tag_name("gui"))
            .ok_or_else(not_one)?;
        let child = |name: &str| {
            gui.children()
                .find(|node| node.has_tag_name(name))
                .and_then(|node| node.text())
                .map(str::trim)
                .unwrap_or_default()
        };
        if gui.attribute("enabled") == Some("false") {
            return Err(Error::config(
                "the daemon's REST interface is switched off (gui.enabled)",
            ));
        }
        if child("apikey").is_empty() {
            return Err(Error::config("the daemon's config.xml has no API key"));
        }
        let mut home = Self {
            directory,
            address: Address::Tcp(String::new()),
            tls: gui.attribute("tls") == Some("true"),
            api_key: Secret::from(child("apikey")),
        };
        home.set_address(child("address"))?;
        Ok(home)
    }

    /// Takes an address as the daemon understands it: with a scheme or without,
    /// on all interfaces or one, or a path.
    fn set_address(&mut self, text: &str) -> Result<(), Error> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        match scheme {
            "https" | "unixs" => self.tls = true,
            "http" | "unix" => self.tls = false,
            _ => {}
        }
        self.address = if scheme.starts_with("unix") || rest.starts_with('/') && scheme.is_empty() {
            Address::Unix(rest.into())
        } else {
            let rest = rest.trim_end_matches('/');
            let (host, port) = rest
                .rsplit_once(':')
                .ok_or_else(|| Error::config(format!("{text:?} is not an address with a port")))?;
            let host = match host {
                "" | "0.0.0.0" | "[::]" => "127.0.0.1",
                host => host,
            };
            Address::Tcp(format!("{host}:{port}"))
        };
        Ok(())
    }

    /// The directory itself.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where the daemon listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Whether it speaks TLS there.
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// Its API key.
    pub fn api_key(&self) -> &Secret<String> {
        &self.api_key
    }

    /// The certificate of its REST interface. The daemon makes it anew about
    /// every two years.
    pub fn certificate(&self) -> PathBuf {
        self.directory.join("https-cert.pem")
    }

    /// The base URL. For a unix socket the host is `localhost`.
    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        match &self.address {
            Address::Tcp(address) => format!("{scheme}://{address}"),
            Address::Unix(_) => format!("{scheme}://localhost"),
        }
    }
}

impl fmt::Debug for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Home")
            .field("directory", &self.directory)
            .field("address", &self.address)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

fn none_of(places: &[PathBuf]) -> Error {
    let places: Vec<String> = places
        .iter()
        .map(|place| place.display().to_string())
        .collect();
    let tried = match places.is_empty() {
        true => String::new(),
        false => format!(" in {}", places.join(" or ")),
    };
    Error::config(format!(
        "no config.xml of a daemon{tried}; name its directory, or pass address and API key"
    ))
}

/// The directories in which a daemon's configuration may lie, best first.
fn places(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = ["STHOMEDIR", "STCONFDIR"]
        .into_iter()
        .filter_map(|name| variable(name).map(PathBuf::from))
        .collect();
    let home = variable("HOME").map(PathBuf::from);
    let beneath = |path: &str| home.as_ref().map(|home| home.join(path));
    if cfg!(windows) {
        places.extend(variable("LOCALAPPDATA").map(|data| PathBuf::from(data).join("Syncthing")));
    } else if cfg!(target_os = "macos") {
        places.extend(beneath("Library/Application Support/Syncthing"));
    } else {
        for (name, default) in [
            ("XDG_CONFIG_HOME", ".config"),
            ("XDG_STATE_HOME", ".local/state"),
        ] {
            let base = variable(name)
                .map(PathBuf::from)
                .or_else(|| beneath(default));
            places.extend(base.map(|base| base.join("syncthing")));
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(gui: &str) -> String {
        format!(
            "<configuration version=\"37\"><folder id=\"x\"><apikey>no</apikey></folder>{gui}</configuration>"
        )
    }

    fn parse(gui: &str) -> Result<Home, Error> {
        Home::parse(PathBuf::from("home"), &config(gui))
    }

    #[test]
    fn address_key_and_tls_are_read_from_the_gui_element() {
        let home = parse(
            "<gui enabled=\"true\" tls=\"true\"><address>127.0.0.1:8384</address><apikey>k&amp;y</apikey></gui>",
        )
        .unwrap();
        assert_eq!(home.url(), "https://127.0.0.1:8384");
        assert_eq!(home.api_key().expose(), "k&y");
        assert_eq!(home.certificate(), Path::new("home/https-cert.pem"));
        assert!(!format!("{home:?}").contains("k&y"));
    }

    #[test]
    fn every_form_of_address_leads_to_the_daemon() {
        let mut home = parse("<gui><address>:1</address><apikey>key</apikey></gui>").unwrap();
        for (text, url, unix) in [
            ("0.0.0.0:8384", "http://127.0.0.1:8384", None),
            ("[::]:8384", "http://127.0.0.1:8384", None),
            (":8384", "http://127.0.0.1:8384", None),
            ("[::1]:8384", "http://[::1]:8384", None),
            ("https://host:1/", "https://host:1", None),
            ("http://host:1", "http://host:1", None),
            ("/run/st.sock", "http://localhost", Some("/run/st.sock")),
            (
                "unixs:///run/st.sock",
                "https://localhost",
                Some("/run/st.sock"),
            ),
            (
                "unix:///run/st.sock",
                "http://localhost",
                Some("/run/st.sock"),
            ),
        ] {
            home.set_address(text).unwrap();
            assert_eq!(home.url(), url, "{text}");
            let socket = match home.address() {
                Address::Unix(path) => path.to_str(),
                Address::Tcp(_) => None,
            };
            assert_eq!(socket, unix, "{text}");
        }
        assert!(home.set_address("nonsense").is_err());
    }

    #[test]
    fn a_file_that_cannot_be_used_says_why() {
        for (gui, word) in [
            ("", "not a configuration"),
            (
                "<gui enabled=\"false\"><apikey>k</apikey></gui>",
                "switched off",
            ),
            ("<gui><address>:1</address></gui>", "no API key"),
        ] {
            let message = parse(gui).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }

    #[test]
    fn the_places_that_were_tried_are_named() {
        let message = none_of(&["a b".into(), "c".into()]).to_string();
        assert!(
            message.contains("of a daemon in a b or c; name"),
            "{message}"
        );
        assert!(none_of(&[]).to_string().contains("of a daemon; name"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_documented_places_are_tried_in_order() {
        let with = |pairs: &'static [(&str, &str)]| {
            places(move |name| {
                let found = pairs.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| value.into())
            })
        };
        assert_eq!(
            with(&[("HOME", "h")]),
            [
                Path::new("h/.config/syncthing"),
                Path::new("h/.local/state/syncthing")
            ]
        );
        assert_eq!(
            with(&[
                ("STHOMEDIR", "a"),
                ("STCONFDIR", "b"),
                ("XDG_CONFIG_HOME", "c"),
                ("XDG_STATE_HOME", "d")
            ]),
            [
                Path::new("a"),
                Path::new("b"),
                Path::new("c/syncthing"),
                Path::new("d/syncthing")
            ]
        );
    }
}
