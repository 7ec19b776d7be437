//! Attributes: their grammar, values and uniqueness.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use super::chars::{is_space, reference, split_name};
use super::scope::Scope;
use crate::atom::names::Namespace;

/// Up to so many, each is compared with each.
const FEW: usize = 12;

/// Attributes of one element. Far more than any honest document has, and few
/// enough that they take little memory while they are looked through.
const MOST: usize = 4096;

/// Where a name and its value stand in a tag.
#[derive(Clone, Debug)]
pub(super) struct Place {
    name: Range<usize>,
    /// Where the local part of the name begins.
    local: usize,
    value: Range<usize>,
    /// There is nothing in the value that normalisation would change.
    is_plain: bool,
}

impl Place {
    fn prefix<'r>(&self, raw: &'r str) -> &'r str {
        &raw[self.name.start..self.local.saturating_sub(1).max(self.name.start)]
    }

    /// Whether it declares a namespace, and for which prefix.
    fn declares<'r>(&self, raw: &'r str) -> Option<&'r str> {
        let name = &raw[self.name.clone()];
        if !name.starts_with("xmlns") {
            return None;
        }
        match name.len() {
            5 => Some(""),
            _ => name.strip_prefix("xmlns:"),
        }
    }
}

/// An attribute of a tag.
#[derive(Clone, Copy)]
pub(crate) struct AttributeRef<'a> {
    pub(crate) namespace: &'a Namespace,
    /// With the prefix.
    pub(crate) name: &'a str,
    local: &'a str,
    raw: &'a str,
    is_plain: bool,
}

impl<'a> AttributeRef<'a> {
    /// The value, normalised (section 3.3.3).
    pub(crate) fn value(&self) -> Cow<'a, str> {
        if self.is_plain {
            return Cow::Borrowed(self.raw);
        }
        // It was checked before anyone could ask.
        Cow::Owned(normalize(self.raw).unwrap_or_default())
    }

    pub(crate) fn is(&self, namespace: &Namespace, name: &str) -> bool {
        self.local == name && self.namespace == namespace
    }
}

/// Finds the attributes of a tag in what follows its name, and declares the
/// namespaces that are among them. Says whether any belongs to `xml:`.
pub(super) fn read(
    raw: &str,
    places: &mut Vec<Place>,
    scope: &mut Scope,
) -> Result<bool, &'static str> {
    split(raw, places)?;
    let mut has_xml = false;
    for place in places.iter() {
        let value = &raw[place.value.clone()];
        let normalized = if place.is_plain {
            Cow::Borrowed(value)
        } else {
            Cow::Owned(normalize(value)?)
        };
        if let Some(prefix) = place.declares(raw) {
            scope.declare(prefix, &normalized)?;
        }
        has_xml |= place.prefix(raw) == "xml";
    }
    unique(raw, places, scope)?;
    Ok(has_xml)
}

/// The attributes that [`read`] found, declarations left out.
pub(super) fn resolved<'a>(
    raw: &'a str,
    places: &'a [Place],
    scope: &'a Scope,
) -> impl Iterator<Item = AttributeRef<'a>> {
    places.iter().filter_map(move |place| {
        if place.declares(raw).is_some() {
            return None;
        }
        let namespace = match place.prefix(raw) {
            "" => &Namespace::None,
            prefix => scope.resolve(prefix)?,
        };
        Some(AttributeRef {
            namespace,
            name: &raw[place.name.clone()],
            local: &raw[place.local..place.name.end],
            raw: &raw[place.value.clone()],
            is_plain: place.is_plain,
        })
    })
}

/// The names and raw values of what an XML declaration says.
pub(super) fn pairs(raw: &str) -> Result<Vec<(&str, &str)>, &'static str> {
    let mut places = Vec::new();
    split(raw, &mut places)?;
    let pair = |place: Place| (&raw[place.name], &raw[place.value]);
    Ok(places.into_iter().map(pair).collect())
}

fn split(raw: &str, places: &mut Vec<Place>) -> Result<(), &'static str> {
    places.clear();
    let bytes = raw.as_bytes();
    let skip_space = |mut at: usize| {
        while bytes.get(at).is_some_and(|byte| is_space(*byte)) {
            at += 1;
        }
        at
    };
    let mut at = 0;
    loop {
        let start = skip_space(at);
        if start == bytes.len() {
            return Ok(());
        }
        if start == at {
            return Err("attributes must be parted by white space");
        }
        let length = bytes[start..]
            .iter()
            .take_while(|byte| **byte != b'=' && !is_space(**byte))
            .count();
        let name = start..start + length;
        let Some(local) = split_name(&raw[name.clone()]) else {
            return Err("an attribute has no valid name");
        };
        at = skip_space(name.end);
        if bytes.get(at) != Some(&b'=') {
            return Err("an attribute has no value");
        }
        at = skip_space(at + 1);
        let quote = match bytes.get(at) {
            Some(quote @ (b'"' | b'\'')) => *quote,
            _ => return Err("an attribute's value has no quotes"),
        };
        let start = at + 1;
        let Some(length) = memchr::memchr(quote, &bytes[start..]) else {
            return Err("an attribute's value does not end");
        };
        let value = start..start + length;
        if places.len() == MOST {
            return Err("an element has too many attributes");
        }
        places.push(Place {
            local: name.start + local,
            name,
            is_plain: is_plain(&bytes[value.clone()]),
            value,
        });
        at = start + length + 1;
    }
}

fn unique(raw: &str, places: &[Place], scope: &Scope) -> Result<(), &'static str> {
    const TWICE: Result<(), &str> = Err("an attribute is there twice");
    let key = |place: &Place| {
        let name = &raw[place.name.clone()];
        match place.prefix(raw) {
            "" | "xmlns" => Ok((name, &Namespace::None)),
            prefix => match scope.resolve(prefix) {
                Some(namespace) => Ok((&raw[place.local..place.name.end], namespace)),
                None => Err("an attribute's prefix is not declared"),
            },
        }
    };
    if places.len() <= FEW {
        for (i, place) in places.iter().enumerate() {
            let key_of_this = key(place)?;
            for earlier in &places[..i] {
                if key(earlier)? == key_of_this {
                    return TWICE;
                }
            }
        }
        return Ok(());
    }
    let mut seen = HashSet::with_capacity(places.len());
    for place in places {
        if !seen.insert(key(place)?) {
            return TWICE;
        }
    }
    Ok(())
}

/// There is nothing in it that normalisation would change or refuse.
fn is_plain(value: &[u8]) -> bool {
    // Without an early exit the compiler can look at many bytes at a time.
    !value.iter().fold(false, |any, byte| {
        any | matches!(byte, b'&' | b'<' | b'\t' | b'\r' | b'\n')
    })
}

fn normalize(value: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find(['&', '<', '\t', '\r', '\n']) {
        out.push_str(&rest[..at]);
        let found = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        match found {
            b'<' => return Err("an attribute's value has a <"),
            b'&' => {
                let (name, after) = rest.split_once(';').ok_or("a reference does not end")?;
                out.push(reference(name).ok_or("a reference to an entity that is not defined")?);
                rest = after;
            }
            b'\r' => {
                rest = rest.strip_prefix('\n').unwrap_or(rest);
                out.push(' ');
            }
            _ => out.push(' '),
        }
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(raw: &str) -> Result<Vec<(String, String, String)>, &'static str> {
        let mut scope = Scope::new();
        scope.open();
        let mut places = Vec::new();
        read(raw, &mut places, &mut scope)?;
        let all = resolved(raw, &places, &scope).map(|attribute| {
            (
                attribute.namespace.uri().to_owned(),
                attribute.name.to_owned(),
                attribute.value().into_owned(),
            )
        });
        Ok(all.collect())
    }

    #[test]
    fn values_are_normalised_and_names_resolved() {
        let found = read_all(" a = '1\r\n2\t&amp;&#10;' p:b=\"\" xmlns:p='u&#x3a;n'\n").unwrap();
        let expected = [("", "a", "1 2 &\n"), ("u:n", "p:b", "")];
        let expected = expected.map(|(n, a, v)| (n.to_owned(), a.to_owned(), v.to_owned()));
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_no_attribute_is_refused() {
        for raw in [
            " a",
            " a=",
            " a=1",
            " a='1",
            " a='1'b='2'",
            " ='1'",
            " 1='1'",
            "a='1'",
            " a='<'",
            " a='&'",
            " a='&x;'",
            " a='&#0;'",
            " a='1' a='2'",
            " p:a='1'",
            " xmlns:p=''",
            " xmlns:p='u' xmlns:q='u' p:a='1' q:a='2'",
            " xmlns:xmlns='u'",
            " xmlns:xml='u'",
            " xmlns='1' xmlns='2'",
        ] {
            assert!(read_all(raw).is_err(), "{raw}");
        }
        let many: String = (0..40).map(|i| format!(" a{i}='x'")).collect();
        assert_eq!(read_all(&many).unwrap().len(), 40);
        assert!(read_all(&format!("{many} a7=''")).is_err());
    }
}
