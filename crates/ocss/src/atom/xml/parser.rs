//! The parser: events in, elements and text out.

use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::events::{BytesStart, Event};

use super::attributes::{self, AttributeRef, Place};
use super::chars::{is_name, is_space, push_normalized, reference, split_name};
use super::scope::Scope;
use crate::atom::error::{Limits, XmlError, cut};
use crate::atom::names::Namespace;

/// Takes what a document says, in its order.
pub(crate) trait Handler {
    /// An element begins.
    fn start(&mut self, tag: &StartTag<'_>) -> Result<(), XmlError>;

    /// Where character data goes. It may come in several pieces.
    fn text(&mut self) -> &mut String;

    /// The innermost element ends.
    fn end(&mut self);

    /// There is something to hand over: stop here.
    fn is_full(&self) -> bool;
}

/// The beginning of an element.
pub(crate) struct StartTag<'a> {
    pub(crate) namespace: &'a Namespace,
    /// With the prefix.
    pub(crate) name: &'a str,
    pub(crate) local_name: &'a str,
    /// There are attributes of `xml:`.
    pub(crate) has_xml: bool,
    raw: &'a str,
    places: &'a [Place],
    scope: &'a Scope,
}

impl<'a> StartTag<'a> {
    /// Its attributes, without namespace declarations.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = AttributeRef<'a>> + use<'a> {
        attributes::resolved(self.raw, self.places, self.scope)
    }

    pub(crate) const fn has_attributes(&self) -> bool {
        !self.places.is_empty()
    }

    /// How many bytes its attributes have in the document.
    pub(crate) const fn length(&self) -> usize {
        self.raw.len()
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Stage {
    /// Before the root.
    Prolog,
    Root,
    /// After it.
    Epilog,
}

/// A document on its way, in UTF-8.
#[derive(Debug)]
pub(crate) struct Parser {
    depth_limit: usize,
    scope: Scope,
    /// The names of the open elements, one after the other.
    names: String,
    /// Where each begins.
    starts: Vec<usize>,
    places: Vec<Place>,
    stage: Stage,
    /// How much of the document was read by earlier calls.
    position: u64,
}

/// How far [`Parser::run`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It needs more of the document.
    Starved,
    /// The handler is full.
    Full,
}

type Step = Result<(), &'static str>;

impl Parser {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            depth_limit: limits.depth.min(Limits::DEEPEST),
            scope: Scope::new(),
            names: String::new(),
            starts: Vec::new(),
            places: Vec::new(),
            stage: Stage::Prolog,
            position: 0,
        }
    }

    /// How many bytes were read.
    pub(crate) const fn position(&self) -> u64 {
        self.position
    }

    /// Reads on in `input`, which begins where the last call left off. Says
    /// how many bytes it has used. `last` means that nothing comes after
    /// `input`.
    pub(crate) fn run<H: Handler>(
        &mut self,
        input: &[u8],
        last: bool,
        handler: &mut H,
    ) -> Result<(usize, Progress), XmlError> {
        let mut skipped = 0;
        // quick-xml takes these bytes for a mark at the beginning of whatever
        // it is given; here they are a character like any other.
        while input[skipped..].starts_with("\u{feff}".as_bytes()) {
            self.text("\u{feff}", handler)
                .map_err(|reason| self.error(skipped, reason))?;
            skipped += 3;
        }
        let mut reader = Reader::from_reader(&input[skipped..]);
        let config = reader.config_mut();
        // Tags are matched here, over all calls.
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.check_comments = true;
        loop {
            let at = skipped + reader.buffer_position() as usize;
            if handler.is_full() {
                self.position += at as u64;
                return Ok((at, Progress::Full));
            }
            let event = reader.read_event();
            let end = skipped + reader.buffer_position() as usize;
            let starved = match &event {
                Ok(Event::Eof) => true,
                // It may go on in what comes next.
                Ok(Event::Text(_)) => !last && end == input.len(),
                Ok(_) => false,
                Err(error) => !last && is_unfinished(error, &input[at..], end == input.len()),
            };
            if starved {
                if is_doctype(&input[at..]) {
                    return Err(XmlError::DoctypeForbidden);
                }
                if last {
                    self.check_end().map_err(|reason| self.error(end, reason))?;
                }
                self.position += at as u64;
                return Ok((at, Progress::Starved));
            }
            let step = match event {
                Ok(Event::Text(text)) => self.text(&text, handler),
                Ok(Event::Start(tag)) => {
                    self.open(&tag, at, handler)?;
                    Ok(())
                }
                Ok(Event::Empty(tag)) => {
                    self.open(&tag, at, handler)?;
                    self.close(tag.name().into_inner(), handler)
                }
                Ok(Event::End(tag)) => self.close(tag.name().into_inner(), handler),
                Ok(Event::GeneralRef(name)) => self.reference(&name, handler),
                Ok(Event::CData(text)) if self.stage == Stage::Root => {
                    push_normalized(handler.text(), &text);
                    Ok(())
                }
                Ok(Event::CData(_)) => Err(OUTSIDE),
                Ok(Event::Decl(declaration)) => {
                    if self.position + at as u64 == 0 {
                        check_declaration(declaration.get(3..).unwrap_or_default())
                    } else {
                        Err("an XML declaration is not at the beginning")
                    }
                }
                Ok(Event::PI(instruction)) => {
                    let target = instruction.target();
                    if is_name(target) && !target.eq_ignore_ascii_case("xml") {
                        Ok(())
                    } else {
                        Err("a processing instruction has no valid target")
                    }
                }
                Ok(Event::Comment(_) | Event::Eof) => Ok(()),
                Ok(Event::DocType(_)) => return Err(XmlError::DoctypeForbidden),
                Err(_) if is_doctype(&input[at..]) => return Err(XmlError::DoctypeForbidden),
                Err(error) => {
                    return Err(XmlError::NotWellFormed {
                        position: self.position + at as u64,
                        reason: cut(&error.to_string()),
                    });
                }
            };
            step.map_err(|reason| self.error(at, reason))?;
        }
    }

    fn open<H: Handler>(
        &mut self,
        tag: &BytesStart<'_>,
        at: usize,
        handler: &mut H,
    ) -> Result<(), XmlError> {
        let name = tag.name().into_inner();
        if self.stage == Stage::Epilog {
            return Err(self.error(at, "there is a second root"));
        }
        let Some(local) = split_name(name) else {
            return Err(self.error(at, "an element has no valid name"));
        };
        if self.starts.len() >= self.depth_limit {
            return Err(XmlError::TooDeep {
                limit: self.depth_limit,
            });
        }
        self.stage = Stage::Root;
        self.starts.push(self.names.len());
        self.names.push_str(name);
        self.scope.open();
        self.places.clear();
        let raw = tag.attributes_raw();
        let mut has_xml = false;
        if !raw.is_empty() {
            let read = attributes::read(raw, &mut self.places, &mut self.scope);
            has_xml = read.map_err(|reason| self.error(at, reason))?;
        }
        let Some(namespace) = self.scope.resolve(&name[..local.saturating_sub(1)]) else {
            return Err(self.error(at, "an element's prefix is not declared"));
        };
        handler.start(&StartTag {
            namespace,
            name,
            local_name: &name[local..],
            has_xml,
            raw,
            places: &self.places,
            scope: &self.scope,
        })
    }

    fn close<H: Handler>(&mut self, name: &str, handler: &mut H) -> Step {
        match self.starts.pop() {
            Some(start) if &self.names[start..] == name => self.names.truncate(start),
            _ => return Err("an end tag does not match its start tag"),
        }
        self.scope.close();
        if self.starts.is_empty() {
            self.stage = Stage::Epilog;
        }
        handler.end();
        Ok(())
    }

    fn text<H: Handler>(&self, text: &str, handler: &mut H) -> Step {
        if self.stage != Stage::Root {
            return if text.bytes().all(is_space) {
                Ok(())
            } else {
                Err(OUTSIDE)
            };
        }
        if memchr::memchr2(b']', b'\r', text.as_bytes()).is_none() {
            handler.text().push_str(text);
            return Ok(());
        }
        if text.contains("]]>") {
            return Err("]]> stands in text");
        }
        push_normalized(handler.text(), text);
        Ok(())
    }

    fn reference<H: Handler>(&self, name: &str, handler: &mut H) -> Step {
        if self.stage != Stage::Root {
            return Err(OUTSIDE);
        }
        let character = reference(name).ok_or("a reference to an entity that is not defined")?;
        handler.text().push(character);
        Ok(())
    }

    fn check_end(&self) -> Step {
        match self.stage {
            Stage::Prolog => Err("there is no root element"),
            Stage::Root => Err("the document is cut off"),
            Stage::Epilog => Ok(()),
        }
    }

    fn error(&self, at: usize, reason: &'static str) -> XmlError {
        XmlError::NotWellFormed {
            position: self.position + at as u64,
            reason: reason.to_owned(),
        }
    }
}

const OUTSIDE: &str = "there is text outside the root element";

/// Checks an XML declaration, given without its target `xml`.
fn check_declaration(raw: &str) -> Step {
    let pairs = attributes::pairs(raw)?;
    let (version, rest) = match pairs.split_first() {
        Some((("version", version), rest)) => (version, rest),
        _ => return Err("the XML declaration has no version"),
    };
    // Later versions may be read as 1.0 (XML 1.0, fifth edition, section 2.8).
    let minor = version.strip_prefix("1.").unwrap_or_default();
    if minor.is_empty() || !minor.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("the XML declaration has no version that is known");
    }
    match rest {
        [] | [("encoding", _)] => Ok(()),
        [("standalone", "yes" | "no")] | [("encoding", _), ("standalone", "yes" | "no")] => Ok(()),
        _ => Err("the XML declaration has parts that are not known"),
    }
}

/// The error only says that the rest has not come yet.
fn is_unfinished(error: &Error, rest: &[u8], at_end: bool) -> bool {
    match error {
        // What it is shows after nine characters: <![CDATA[ or <!DOCTYPE.
        Error::Syntax(SyntaxError::InvalidBangMarkup) => rest.len() < 9,
        Error::Syntax(_) => true,
        Error::IllFormed(IllFormedError::UnclosedReference) | Error::Encoding(_) => at_end,
        _ => false,
    }
}

fn is_doctype(rest: &[u8]) -> bool {
    rest.get(..3)
        .is_some_and(|head| head.eq_ignore_ascii_case(b"<!d"))
}
