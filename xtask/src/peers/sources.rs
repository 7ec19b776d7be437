//! APT's source lists, read to learn which Debian archive the machine uses, so
//! that no archive needs to be named here.

use std::fs;
use std::path::Path;

/// One entry of a source list, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) uris: Vec<String>,
    pub(crate) suites: Vec<String>,
    pub(crate) components: Vec<String>,
    /// A keyring's path, or a key block with its lines kept.
    pub(crate) signed_by: Option<String>,
}

/// Debian's suites whose archive carries every other suite too.
const SUITES: &[&str] = &[
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "sid",
    "oldoldstable",
    "oldstable",
    "stable",
    "testing",
    "unstable",
];

/// Reads every list below `etc_apt` (usually `/etc/apt`).
pub(crate) fn read(etc_apt: &Path) -> Vec<Source> {
    let mut sources = Vec::new();
    if let Ok(text) = fs::read_to_string(etc_apt.join("sources.list")) {
        sources.extend(parse_list(&text));
    }
    let mut files: Vec<_> = fs::read_dir(etc_apt.join("sources.list.d"))
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .collect();
    files.sort();
    for file in files {
        let parse: fn(&str) -> Vec<Source> = match file.extension().and_then(|e| e.to_str()) {
            Some("list") => parse_list,
            Some("sources") => parse_deb822,
            _ => continue,
        };
        if let Ok(text) = fs::read_to_string(&file) {
            sources.extend(parse(&text));
        }
    }
    sources
}

/// The one-line format: `deb [options] uri suite component…`.
pub(crate) fn parse_list(text: &str) -> Vec<Source> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Source> {
    let line = line.split('#').next()?.trim();
    let rest = line.strip_prefix("deb")?;
    let mut rest = rest.strip_prefix(char::is_whitespace)?.trim_start();
    let mut signed_by = None;
    if let Some(bracketed) = rest.strip_prefix('[') {
        let (options, after) = bracketed.split_once(']')?;
        signed_by = options
            .split_ascii_whitespace()
            .find_map(|option| option.strip_prefix("signed-by="))
            .map(str::to_owned);
        rest = after;
    }
    let mut words = rest.split_ascii_whitespace().map(str::to_owned);
    Some(Source {
        uris: vec![words.next()?],
        suites: vec![words.next()?],
        components: words.collect(),
        signed_by,
    })
}

/// The stanza format of `*.sources` files.
pub(crate) fn parse_deb822(text: &str) -> Vec<Source> {
    let mut stanzas: Vec<Vec<(String, String)>> = vec![Vec::new()];
    for line in text.lines() {
        if line.starts_with('#') {
            continue;
        }
        let Some(stanza) = stanzas.last_mut() else {
            break;
        };
        if line.trim().is_empty() {
            stanzas.push(Vec::new());
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = stanza.last_mut() {
                value.push('\n');
                value.push_str(line);
            }
        } else if let Some((key, value)) = line.split_once(':') {
            stanza.push((key.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    stanzas.iter().filter_map(|s| parse_stanza(s)).collect()
}

fn parse_stanza(stanza: &[(String, String)]) -> Option<Source> {
    let field = |name: &str| {
        stanza
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let words = |name: &str| -> Vec<String> {
        field(name)
            .unwrap_or("")
            .split_ascii_whitespace()
            .map(str::to_owned)
            .collect()
    };
    let disabled = field("enabled").is_some_and(|v| v.eq_ignore_ascii_case("no"));
    if disabled || !words("types").iter().any(|t| t == "deb") {
        return None;
    }
    let source = Source {
        uris: words("uris"),
        suites: words("suites"),
        components: words("components"),
        signed_by: field("signed-by").map(str::to_owned),
    };
    (!source.uris.is_empty() && !source.suites.is_empty()).then_some(source)
}

/// The entry for Debian's own archive: `main` of a Debian suite. Other archives
/// may use the same names, so one that is signed with Debian's keyring, then one
/// whose path is Debian's, is preferred; a wrong guess is refused by APT, which
/// is given Debian's keyring only.
pub(crate) fn debian_archive(sources: &[Source]) -> Option<&Source> {
    let rank = |source: &Source| {
        let keyring = source
            .signed_by
            .as_ref()
            .is_some_and(|keyring| keyring.contains("debian-archive-keyring"));
        let path = source.uris.iter().any(|uri| {
            let path = uri.split_once("://").map_or(uri.as_str(), |(_, rest)| rest);
            path.trim_end_matches('/').ends_with("/debian")
        });
        (!keyring, !path)
    };
    sources
        .iter()
        .filter(|source| source.components.iter().any(|c| c == "main"))
        .filter(|source| source.suites.iter().any(|s| SUITES.contains(&s.as_str())))
        .filter(|source| !source.uris.iter().all(|uri| uri.starts_with("cdrom:")))
        .min_by_key(|source| rank(source))
}

/// A stanza for other suites of the same archive.
pub(crate) fn stanza(archive: &Source, suites: &[&str], keyring: Option<&str>) -> String {
    let mut text = format!(
        "Types: deb\nURIs: {}\nSuites: {}\nComponents: main\n",
        archive.uris.join(" "),
        suites.join(" "),
    );
    if let Some(keyring) = keyring.or(archive.signed_by.as_deref()) {
        text.push_str("Signed-By: ");
        text.push_str(keyring);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEB822: &str = "\
Types: deb deb-src
# a comment between fields
URIs: http://archive.invalid/debian
Suites: bookworm bookworm-updates
Components: main
 contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://archive.invalid/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.invalid/debian
Suites: trixie
Components: main

Types: deb-src
URIs: http://source.invalid/debian
Suites: trixie
Components: main
";

    #[test]
    fn stanzas_are_read_with_comments_and_continued_lines() {
        let sources = parse_deb822(DEB822);
        assert_eq!(sources.len(), 2, "{sources:?}");
        assert_eq!(sources[0].uris, ["http://archive.invalid/debian"]);
        assert_eq!(sources[0].suites, ["bookworm", "bookworm-updates"]);
        assert_eq!(sources[0].components, ["main", "contrib"]);
        assert_eq!(sources[1].signed_by, None);
    }

    #[test]
    fn a_key_block_within_a_stanza_is_kept_line_for_line() {
        let text = "Types: deb\nURIs: http://a.invalid/debian\nSuites: sid\nComponents: main\n\
                    Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n AAAA\n";
        let sources = parse_deb822(text);
        let block = "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n AAAA";
        assert_eq!(sources[0].signed_by.as_deref(), Some(block));
        assert!(stanza(&sources[0], &["trixie"], None).contains(block));
    }

    #[test]
    fn lines_are_read_with_and_without_options() {
        let sources = parse_list(
            "# deb http://commented.invalid/debian sid main\n\
             deb-src http://source.invalid/debian sid main\n\
             deb http://a.invalid/debian trixie main contrib # why\n\
             deb [arch=amd64 signed-by=/k.gpg] http://b.invalid/x nodistro main\n\
             deb broken\n",
        );
        assert_eq!(sources.len(), 2, "{sources:?}");
        assert_eq!(sources[0].uris, ["http://a.invalid/debian"]);
        assert_eq!(sources[0].components, ["main", "contrib"]);
        assert_eq!(sources[1].signed_by.as_deref(), Some("/k.gpg"));
    }

    #[test]
    fn debians_archive_is_told_from_others_with_the_same_suite_names() {
        let mut sources = parse_list(
            "deb http://vendor.invalid/repo bookworm main\n\
             deb http://a.invalid/debian-security bookworm-security main\n\
             deb http://a.invalid/debian/ bookworm main\n",
        );
        assert_eq!(
            debian_archive(&sources).unwrap().uris,
            ["http://a.invalid/debian/"]
        );
        sources.extend(parse_deb822(DEB822));
        let archive = debian_archive(&sources).unwrap();
        assert_eq!(archive.uris, ["http://archive.invalid/debian"]);
        assert_eq!(
            debian_archive(&sources[..1]).unwrap().uris,
            ["http://vendor.invalid/repo"]
        );
        assert_eq!(debian_archive(&[]), None);
    }

    #[test]
    fn the_written_stanza_names_other_suites_and_debians_keyring() {
        let sources = parse_deb822(DEB822);
        let text = stanza(&sources[0], &["bookworm", "trixie"], Some("/debian.gpg"));
        let again = parse_deb822(&text);
        assert_eq!(again[0].suites, ["bookworm", "trixie"]);
        assert_eq!(again[0].signed_by.as_deref(), Some("/debian.gpg"));
        assert_eq!(again[0].components, ["main"]);
    }
}
