//! Reads a text into elements and attributes, and enforces well-formedness.
//!
//! quick-xml finds the tokens; it accepts much that is not XML (two roots, undefined entities, unbound prefixes,
//! `<` in values, any declaration), so everything else is checked here. Positions are taken from the reader before
//! and after each event, and the text between them is looked at again: its events do not know their places.

use std::collections::HashMap;

use memchr::memchr;
use quick_xml::Reader;
use quick_xml::errors::{Error as TokenError, IllFormedError, SyntaxError};
use quick_xml::events::Event;

use crate::source::{Source, Span};

use super::characters::{first_forbidden, is_ncname, is_space, reference};
use super::declaration::Declaration;
use super::document::{Attribute, Element, NO_PARENT};
use super::error::{XmlError, XmlErrorKind, shown};
use super::limits::Limits;
use super::node::{XML, XMLNS};
use super::tag::{Tag, Written, WrittenName};

/// What is wrong and where in the text; where in the file is worked out once, when it is reported.
#[derive(Debug)]
pub(super) struct Fault {
    kind: XmlErrorKind,
    at: u32,
    inside: Option<String>,
}

impl Fault {
    pub(super) fn into_error(self, source: &Source) -> XmlError {
        XmlError {
            kind: self.kind,
            place: source.line_column(self.at),
            offset: source.byte_offset(self.at),
            inside: self.inside,
        }
    }
}

const NO_NAMESPACE: u32 = 0;
const XML_NAMESPACE: u32 = 1;
const XMLNS_NAMESPACE: u32 = 2;

/// An element whose end tag has not been seen.
struct Open<'t> {
    element: u32,
    name: &'t str,
    /// How many namespace declarations were in force around it.
    scope: usize,
}

/// A namespace declaration in force.
struct Binding<'t> {
    /// Empty for `xmlns="…"`.
    prefix: &'t str,
    namespace: u32,
}

/// Gathers elements and attributes of one text after the other.
pub(super) struct Parser<'l> {
    limits: &'l Limits,
    elements: Vec<Element>,
    attributes: Vec<Attribute>,
    namespaces: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl<'l> Parser<'l> {
    pub(super) fn new(
        limits: &'l Limits,
        elements: Vec<Element>,
        attributes: Vec<Attribute>,
        mut namespaces: Vec<String>,
    ) -> Parser<'l> {
        if namespaces.is_empty() {
            namespaces = ["", XML, XMLNS].map(str::to_owned).into();
        }
        let numbers = (0..)
            .zip(&namespaces)
            .map(|(n, uri)| (uri.clone(), n))
            .collect();
        Parser {
            limits,
            elements,
            attributes,
            namespaces,
            numbers,
        }
    }

    pub(super) fn finish(mut self) -> (Vec<Element>, Vec<Attribute>, Vec<String>) {
        // The tree stays for as long as the document: give back what growing has over-reserved.
        self.elements.shrink_to_fit();
        self.attributes.shrink_to_fit();
        (self.elements, self.attributes, self.namespaces)
    }

    /// Reads one whole document whose first byte has the number `base`.
    pub(super) fn document(&mut self, text: &str, base: u32) -> Result<Option<Declaration>, Fault> {
        // What packages have; memory that is not used in the end is given back.
        const BYTES_OF_AN_ELEMENT: usize = 250;
        const BYTES_OF_AN_ATTRIBUTE: usize = 90;
        self.elements.reserve(text.len() / BYTES_OF_AN_ELEMENT);
        self.attributes.reserve(text.len() / BYTES_OF_AN_ATTRIBUTE);
        let mut reading = Reading {
            parser: self,
            text,
            base,
            open: Vec::new(),
            scope: vec![Binding {
                prefix: "xml",
                namespace: XML_NAMESPACE,
            }],
            root: None,
            declaration: None,
        };
        match reading.run() {
            Ok(()) => Ok(reading.declaration),
            Err((kind, at)) => Err(Fault {
                kind,
                at: u32::try_from(at).unwrap_or(u32::MAX),
                inside: reading.open.last().map(|open| shown(open.name)),
            }),
        }
    }
}

/// What is wrong, and where in the text.
type At<T> = Result<T, (XmlErrorKind, usize)>;

/// One text being read.
struct Reading<'p, 'l, 't> {
    parser: &'p mut Parser<'l>,
    text: &'t str,
    base: u32,
    open: Vec<Open<'t>>,
    scope: Vec<Binding<'t>>,
    root: Option<u32>,
    declaration: Option<Declaration>,
}

impl<'t> Reading<'_, '_, 't> {
    fn run(&mut self) -> At<()> {
        let text = self.text;
        let limits = self.parser.limits;
        if text.len() as u64 > limits.size {
            return Err((limit("size", limits.size), 0));
        }
        if u32::try_from(self.base as usize + text.len() + 1).is_err() {
            return Err((limit("size", u64::from(u32::MAX)), 0));
        }
        let begin = text.find(|c: char| !c.is_ascii() || !is_space(c as u8));
        let Some(begin) = begin else {
            return Err((XmlErrorKind::Empty, 0));
        };
        if !text.get(begin..).is_some_and(|rest| rest.starts_with('<')) {
            return Err((XmlErrorKind::NotXml, begin));
        }
        if let Some(at) = first_forbidden(text) {
            let c = text.get(at..).and_then(|rest| rest.chars().next());
            return Err((XmlErrorKind::Character(c.unwrap_or_default()), at));
        }
        self.tokens()?;
        match self.open.pop() {
            Some(open) => Err((XmlErrorKind::UnclosedElement(shown(open.name)), text.len())),
            None if self.root.is_none() => Err((XmlErrorKind::NoRoot, text.len())),
            None => Ok(()),
        }
    }

    fn tokens(&mut self) -> At<()> {
        let text = self.text;
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        // Both are checked here, with names and places.
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        let mut at = 0usize;
        loop {
            let event = reader.read_event();
            let start = at;
            at = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
            let raw = text.get(start..at).unwrap_or_default();
            match event {
                Ok(Event::Start(_)) => self.start_tag(raw, start, Closing::ByEndTag)?,
                Ok(Event::Empty(_)) => self.start_tag(raw, start, Closing::BySelf)?,
                Ok(Event::End(_)) => self.end_tag(raw, start)?,
                Ok(Event::Text(_)) => self.character_data(raw, start)?,
                Ok(Event::GeneralRef(_)) => self.general_reference(raw, start)?,
                Ok(Event::CData(_)) => self.cdata(start)?,
                Ok(Event::Comment(_)) => comment(raw, start)?,
                Ok(Event::Decl(_) | Event::PI(_)) => self.processing_instruction(raw, start)?,
                Ok(Event::DocType(_)) => return Err((XmlErrorKind::Dtd, start)),
                Ok(Event::Eof) => return Ok(()),
                Err(error) => {
                    let at = usize::try_from(reader.error_position()).unwrap_or(start);
                    return Err((token_error(&error, text, at), at));
                }
            }
        }
    }

    fn start_tag(&mut self, raw: &'t str, start: usize, closing: Closing) -> At<()> {
        let limits = self.parser.limits;
        if self.open.is_empty() && self.root.is_some() {
            return Err((XmlErrorKind::SecondRoot, start));
        }
        if self.open.len() >= limits.depth as usize {
            return Err((limit("depth", limits.depth.into()), start));
        }
        let mut tag = Tag::new(raw);
        let (name, written) = tag.name();
        let (prefix_length, name_length) = self.name(name, written, start + 1)?;
        let scope = self.scope.len();
        let first = self.parser.attributes.len();
        while let Some(written) = tag
            .next_attribute()
            .map_err(|(kind, at)| (kind, start + at))?
        {
            if self.parser.attributes.len() - first >= limits.attributes as usize {
                return Err((limit("attributes", limits.attributes.into()), start));
            }
            self.attribute(raw, start, written)?;
        }
        let namespace = match name.get(..prefix_length.saturating_sub(1).into()) {
            Some(prefix) if prefix_length > 0 => self.namespace_of(prefix, start + 1)?,
            _ => self.default_namespace(),
        };
        self.resolve_attributes(first)?;

        let element = self.place(self.parser.elements.len());
        let end = self.place(start + raw.len()) + self.base;
        self.parser.elements.push(Element {
            start: self.place(start) + self.base,
            tag_end: end,
            content_end: end,
            end,
            prefix_length,
            name_length,
            namespace,
            parent: self.open.last().map_or(NO_PARENT, |open| open.element),
            subtree_end: element + 1,
            attributes_start: self.place(first),
            attributes_end: self.place(self.parser.attributes.len()),
        });
        if self.open.is_empty() {
            self.root = Some(element);
        }
        match closing {
            Closing::BySelf => self.scope.truncate(scope),
            Closing::ByEndTag => self.open.push(Open {
                element,
                name,
                scope,
            }),
        }
        Ok(())
    }

    /// Lengths and counts are below the length of the text, which fits.
    fn place(&self, at: usize) -> u32 {
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    fn end_tag(&mut self, raw: &'t str, start: usize) -> At<()> {
        let found = raw
            .strip_prefix("</")
            .and_then(|rest| rest.strip_suffix('>'))
            .unwrap_or_default()
            .trim_end_matches(|c: char| c.is_ascii() && is_space(c as u8));
        let Some(open) = self.open.last() else {
            return Err((XmlErrorKind::UnexpectedEnd(shown(found)), start));
        };
        if open.name != found {
            return Err((
                XmlErrorKind::MismatchedEnd {
                    open: shown(open.name),
                    found: shown(found),
                },
                start,
            ));
        }
        let (index, scope) = (open.element as usize, open.scope);
        let content_end = self.place(start) + self.base;
        let end = self.place(start + raw.len()) + self.base;
        let subtree_end = self.place(self.parser.elements.len());
        if let Some(element) = self.parser.elements.get_mut(index) {
            element.content_end = content_end;
            element.end = end;
            element.subtree_end = subtree_end;
        }
        self.scope.truncate(scope);
        self.open.pop();
        Ok(())
    }

    fn character_data(&self, raw: &str, start: usize) -> At<()> {
        if self.open.is_empty() {
            return match raw.bytes().position(|b| !is_space(b)) {
                Some(at) => Err((XmlErrorKind::TextOutsideRoot, start + at)),
                None => Ok(()),
            };
        }
        // Nearly all text is the white space between two tags.
        let bytes = raw.as_bytes();
        if bytes.first().is_some_and(|&byte| is_space(byte)) && bytes.iter().all(|&b| is_space(b)) {
            return Ok(());
        }
        if memchr(b']', bytes).is_some()
            && let Some(at) = raw.find("]]>")
        {
            return Err((XmlErrorKind::CdataEnd, start + at));
        }
        Ok(())
    }

    fn general_reference(&self, raw: &str, start: usize) -> At<()> {
        if self.open.is_empty() {
            return Err((XmlErrorKind::TextOutsideRoot, start));
        }
        let name = raw
            .strip_prefix('&')
            .and_then(|rest| rest.strip_suffix(';'))
            .unwrap_or_default();
        match reference(name) {
            Some(_) => Ok(()),
            None => Err((XmlErrorKind::Reference(shown(&format!("{name};"))), start)),
        }
    }

    fn cdata(&self, start: usize) -> At<()> {
        if self.open.is_empty() {
            return Err((XmlErrorKind::TextOutsideRoot, start));
        }
        Ok(())
    }

    fn processing_instruction(&mut self, raw: &str, start: usize) -> At<()> {
        let inside = raw
            .strip_prefix("<?")
            .and_then(|rest| rest.strip_suffix("?>"))
            .unwrap_or_default();
        let end = inside.bytes().position(is_space).unwrap_or(inside.len());
        let target = inside.get(..end).unwrap_or_default();
        if target == "xml" {
            if start != 0 {
                return Err((XmlErrorKind::Declaration, start));
            }
            let declaration = Declaration::parse(raw);
            if declaration.is_none() {
                return Err((XmlErrorKind::Declaration, start));
            }
            self.declaration = declaration;
            return Ok(());
        }
        if !is_ncname(target) || target.eq_ignore_ascii_case("xml") {
            return Err((XmlErrorKind::ProcessingInstruction, start));
        }
        Ok(())
    }

    /// The lengths of the prefix with its colon, and of the whole name.
    fn name(&self, name: &str, written: WrittenName, at: usize) -> At<(u16, u16)> {
        let longest = self.parser.limits.name_length;
        if name.len() > longest as usize {
            return Err((limit("name-length", longest.into()), at));
        }
        let prefix = written.prefix_length.or_else(|| prefix_length(name));
        let lengths = prefix.and_then(|prefix| {
            let prefix = u16::try_from(prefix).ok()?;
            Some((prefix, u16::try_from(name.len()).ok()?))
        });
        lengths.ok_or_else(|| (XmlErrorKind::Name(shown(name)), at))
    }

    /// Takes one attribute; its namespace is resolved when all declarations of the tag are known.
    fn attribute(&mut self, raw: &'t str, start: usize, written: Written) -> At<()> {
        let name = raw
            .get(written.name.start..written.name.end)
            .unwrap_or_default();
        let value = raw
            .get(written.value_start..written.value_end)
            .unwrap_or_default();
        let at = start + written.name.start;
        let (prefix_length, name_length) = self.name(name, written.name, at)?;
        if written.has_references {
            check_references(value, start + written.value_start)?;
        }
        let mut namespace = NO_NAMESPACE;
        if name == "xmlns" || name.starts_with("xmlns:") {
            namespace = XMLNS_NAMESPACE;
            self.declare(name, value, at)?;
        }
        self.parser.attributes.push(Attribute {
            name_start: self.place(at) + self.base,
            prefix_length,
            name_length,
            namespace,
            value: Span::new(
                self.place(start + written.value_start) + self.base,
                self.place(start + written.value_end) + self.base,
            ),
        });
        Ok(())
    }

    /// Namespaces in XML 1.0, section 3: which declarations are allowed.
    fn declare(&mut self, name: &'t str, value: &str, at: usize) -> At<()> {
        let prefix = name.strip_prefix("xmlns:").unwrap_or_default();
        let uri = super::value::decode_attribute(value, 0).into_text();
        let allowed = match (prefix, uri.as_ref()) {
            ("xml", uri) => uri == XML,
            ("xmlns", _) | (_, XML | XMLNS) => false,
            ("", _) => true,
            (_, uri) => !uri.is_empty(),
        };
        if !allowed {
            return Err((XmlErrorKind::NamespaceDeclaration(shown(name)), at));
        }
        let most = self.parser.limits.namespaces;
        if self.scope.len() > most as usize {
            return Err((limit("namespaces", most.into()), at));
        }
        let namespace = match self.parser.numbers.get(uri.as_ref()) {
            Some(&number) => number,
            None => {
                let number = self.place(self.parser.namespaces.len());
                self.parser.namespaces.push(uri.as_ref().to_owned());
                self.parser.numbers.insert(uri.into_owned(), number);
                number
            }
        };
        self.scope.push(Binding { prefix, namespace });
        Ok(())
    }

    fn default_namespace(&self) -> u32 {
        let binding = self.scope.iter().rev().find(|b| b.prefix.is_empty());
        binding.map_or(NO_NAMESPACE, |binding| binding.namespace)
    }

    fn namespace_of(&self, prefix: &str, at: usize) -> At<u32> {
        let binding = self.scope.iter().rev().find(|b| b.prefix == prefix);
        match binding {
            Some(binding) => Ok(binding.namespace),
            None => Err((XmlErrorKind::UnboundPrefix(shown(prefix)), at)),
        }
    }

    /// Gives the attributes of one tag, those from `first` on, their namespaces, and finds duplicates.
    fn resolve_attributes(&mut self, first: usize) -> At<()> {
        for index in first..self.parser.attributes.len() {
            let Some(&attribute) = self.parser.attributes.get(index) else {
                break;
            };
            if attribute.prefix_length == 0 || attribute.namespace == XMLNS_NAMESPACE {
                continue;
            }
            let at = (attribute.name_start - self.base) as usize;
            let prefix = self
                .text
                .get(at..at + usize::from(attribute.prefix_length) - 1)
                .unwrap_or_default();
            let namespace = self.namespace_of(prefix, at)?;
            if let Some(attribute) = self.parser.attributes.get_mut(index) {
                attribute.namespace = namespace;
            }
        }
        self.check_duplicates(first)
    }

    fn check_duplicates(&self, first: usize) -> At<()> {
        /// Below this, comparing every pair is quicker than sorting.
        const FEW: usize = 12;
        let attributes = self.parser.attributes.get(first..).unwrap_or_default();
        let key = |attribute: &Attribute| {
            let at = (attribute.name_start - self.base) as usize;
            let local = self
                .text
                .get(
                    at + usize::from(attribute.prefix_length)
                        ..at + usize::from(attribute.name_length),
                )
                .unwrap_or_default();
            (attribute.namespace, local)
        };
        let twice = if attributes.len() <= FEW {
            attributes.iter().enumerate().find(|(index, attribute)| {
                let length = attribute.name_length - attribute.prefix_length;
                attributes.iter().take(*index).any(|earlier| {
                    earlier.name_length - earlier.prefix_length == length
                        && earlier.namespace == attribute.namespace
                        && key(earlier) == key(attribute)
                })
            })
        } else {
            let mut sorted: Vec<_> = attributes.iter().enumerate().collect();
            sorted.sort_by_key(|(_, attribute)| key(attribute));
            sorted
                .windows(2)
                .find(|pair| match pair {
                    [(_, a), (_, b)] => key(a) == key(b),
                    _ => false,
                })
                .and_then(|pair| pair.last().copied())
        };
        match twice {
            Some((_, attribute)) => {
                let at = (attribute.name_start - self.base) as usize;
                let name = self.text.get(at..at + usize::from(attribute.name_length));
                Err((
                    XmlErrorKind::DuplicateAttribute(shown(name.unwrap_or_default())),
                    at,
                ))
            }
            None => Ok(()),
        }
    }
}

/// How an element ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    BySelf,
    ByEndTag,
}

/// The length of the prefix of a name, with its colon; `None` if it is no name.
fn prefix_length(name: &str) -> Option<usize> {
    match name.split_once(':') {
        Some((prefix, local)) => (is_ncname(prefix) && is_ncname(local)).then(|| prefix.len() + 1),
        None => is_ncname(name).then_some(0),
    }
}

fn limit(limit: &'static str, value: u64) -> XmlErrorKind {
    XmlErrorKind::Limit { limit, value }
}

fn check_references(value: &str, start: usize) -> At<()> {
    let mut from = 0;
    while let Some(found) = value
        .get(from..)
        .and_then(|rest| memchr(b'&', rest.as_bytes()))
    {
        let at = from + found;
        let rest = value.get(at + 1..).unwrap_or_default();
        let end = rest.find(';');
        let name = end.and_then(|end| rest.get(..end));
        if name.and_then(reference).is_none() {
            let shown_name = name.map_or_else(
                || rest.chars().take(12).collect(),
                |name| format!("{name};"),
            );
            return Err((XmlErrorKind::Reference(shown(&shown_name)), start + at));
        }
        from = at + 1;
    }
    Ok(())
}

fn comment(raw: &str, start: usize) -> At<()> {
    let inside = raw
        .strip_prefix("<!--")
        .and_then(|rest| rest.strip_suffix("-->"))
        .unwrap_or_default();
    match inside.find("--") {
        Some(at) => Err((XmlErrorKind::Comment, start + 4 + at)),
        None if inside.ends_with('-') => Err((XmlErrorKind::Comment, start + 3 + inside.len())),
        None => Ok(()),
    }
}

fn token_error(error: &TokenError, text: &str, at: usize) -> XmlErrorKind {
    match error {
        TokenError::Syntax(syntax) => match syntax {
            SyntaxError::InvalidBangMarkup => XmlErrorKind::Markup,
            SyntaxError::UnclosedPI => XmlErrorKind::Unclosed("a processing instruction"),
            SyntaxError::UnclosedXmlDecl => XmlErrorKind::Unclosed("the XML declaration"),
            SyntaxError::UnclosedComment => XmlErrorKind::Unclosed("a comment"),
            SyntaxError::UnclosedDoctype => XmlErrorKind::Dtd,
            SyntaxError::UnclosedCData => XmlErrorKind::Unclosed("a CDATA section"),
            SyntaxError::UnclosedTag => XmlErrorKind::Unclosed("a tag"),
            SyntaxError::UnclosedSingleQuotedAttributeValue
            | SyntaxError::UnclosedDoubleQuotedAttributeValue => {
                XmlErrorKind::Unclosed("an attribute value")
            }
        },
        TokenError::IllFormed(IllFormedError::UnclosedReference) => {
            let rest = text.get(at..).unwrap_or_default();
            let rest = rest.strip_prefix('&').unwrap_or(rest);
            XmlErrorKind::Reference(shown(&rest.chars().take(12).collect::<String>()))
        }
        TokenError::IllFormed(IllFormedError::MissingDoctypeName) => XmlErrorKind::Dtd,
        TokenError::IllFormed(
            IllFormedError::MissingDeclVersion(_) | IllFormedError::UnknownVersion,
        ) => XmlErrorKind::Declaration,
        TokenError::IllFormed(IllFormedError::DoubleHyphenInComment) => XmlErrorKind::Comment,
        _ => XmlErrorKind::Markup,
    }
}
