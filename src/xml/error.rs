//! Why a text is not a document.

use std::fmt;

use crate::source::LineColumn;

/// A document could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XmlError {
    /// What is wrong.
    pub kind: XmlErrorKind,
    /// Where, as people count.
    pub place: LineColumn,
    /// Where, in bytes of the stored file.
    pub offset: u64,
    /// The name of the innermost element that was open there.
    pub inside: Option<String>,
}

/// What is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum XmlErrorKind {
    /// Nothing but white space.
    Empty,
    /// The text does not begin with markup: `hello`.
    NotXml,
    /// Text before or behind the root element: `<a/>b`.
    TextOutsideRoot,
    /// `<a/><b/>`
    SecondRoot,
    /// `<?xml version="1.0"?>` and nothing more.
    NoRoot,
    /// `<!DOCTYPE a>`: entities could make a small file huge or name other files, and SSIS writes none.
    Dtd,
    /// `<?xml encoding="utf-8"?>`, or one that is not at the very start.
    Declaration,
    /// A processing instruction without a name, or named `xml`.
    ProcessingInstruction,
    /// `<!-- a -- b -->`
    Comment,
    /// `<!ELEMENT …>` outside a DTD, `<!foo>`.
    Markup,
    /// The text ends inside this construct.
    Unclosed(&'static str),
    /// `<a>` without `</a>`.
    UnclosedElement(String),
    /// `<a></b>`
    MismatchedEnd {
        /// The element that is open.
        open: String,
        /// The name in the end tag.
        found: String,
    },
    /// `</a>` where nothing is open.
    UnexpectedEnd(String),
    /// `<1a>`, `<a:b:c>`, `<a 1b="">`
    Name(String),
    /// `<a b>`, `<a b=c>`, `<a b="1"c="2">`
    Attribute(&'static str),
    /// `<a b="" b="">`, or two names that mean the same.
    DuplicateAttribute(String),
    /// `<a b="<">`
    LessThanInValue,
    /// `&nbsp;`, `&#0;`, `a & b`
    Reference(String),
    /// `]]>` in text.
    CdataEnd,
    /// A character that no XML document may hold.
    Character(char),
    /// `<p:a/>` where nothing declares `p`.
    UnboundPrefix(String),
    /// A declaration that the namespaces recommendation forbids: `xmlns:a=""`, `xmlns:xml="x"`.
    NamespaceDeclaration(String),
    /// The document is larger than a limit.
    Limit {
        /// The limit's name.
        limit: &'static str,
        /// Its value.
        value: u64,
    },
}

impl fmt::Display for XmlErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("expected an XML document, found an empty file"),
            Self::NotXml => f.write_str("expected an XML document, found text that does not begin with `<`"),
            Self::TextOutsideRoot => f.write_str("expected nothing but markup outside the root element, found text"),
            Self::SecondRoot => f.write_str("expected the end of the document, found a second root element"),
            Self::NoRoot => f.write_str("expected a root element, found the end of the file"),
            Self::Dtd => f.write_str("found a document type declaration; they are refused, because entities can make a file huge or name other files (remove it: SSIS writes none)"),
            Self::Declaration => f.write_str("expected `<?xml version=\"1.0\" …?>` at the very start of the file, found another XML declaration"),
            Self::ProcessingInstruction => f.write_str("expected the name of a processing instruction behind `<?`"),
            Self::Comment => f.write_str("expected `-->`, found `--` inside a comment"),
            Self::Markup => f.write_str("expected a comment or CDATA behind `<!`"),
            Self::Unclosed(what) => write!(f, "expected the end of {what}, found the end of the file: the file is truncated or a quote is missing"),
            Self::UnclosedElement(name) => write!(f, "expected `</{name}>`, found the end of the file: the file is truncated"),
            Self::MismatchedEnd { open, found } => write!(f, "expected `</{open}>`, found `</{found}>`"),
            Self::UnexpectedEnd(name) => write!(f, "found `</{name}>` where no element is open"),
            Self::Name(name) => write!(f, "expected a name, found `{name}`"),
            Self::Attribute(expected) => write!(f, "expected {expected} in the start tag"),
            Self::DuplicateAttribute(name) => write!(f, "the attribute `{name}` stands twice in one element"),
            Self::LessThanInValue => f.write_str("expected `&lt;` in an attribute value, found `<`: a closing quote may be missing"),
            // Not what was found: a `&` that nobody escaped may stand in the midst of a password.
            Self::Reference(_) => f.write_str("expected one of `&amp;` `&lt;` `&gt;` `&quot;` `&apos;` or the number of a character behind `&`, found something else (an `&` that means itself is written `&amp;`)"),
            Self::CdataEnd => f.write_str("expected `]]&gt;` in text, found `]]>`"),
            Self::Character(c) => write!(f, "found the character U+{:04X}, which no XML document may hold", u32::from(*c)),
            Self::UnboundPrefix(prefix) => write!(f, "the prefix `{prefix}` is not declared (expected `xmlns:{prefix}=\"…\"` on this element or around it)"),
            Self::NamespaceDeclaration(name) => write!(f, "the declaration `{name}` is not allowed"),
            Self::Limit { limit, value } => write!(f, "more than {value}, the limit `{limit}` (raise it with `--limit {limit}=NUMBER` if the file is to be trusted)"),
        }
    }
}

impl fmt::Display for XmlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: ",
            self.place.line, self.place.column
        )?;
        if let Some(inside) = &self.inside {
            write!(f, "in element `{inside}`: ")?;
        }
        self.kind.fmt(f)
    }
}

impl std::error::Error for XmlError {}

/// Names in messages are cut: a damaged file may hold a name of megabytes.
pub(super) fn shown(name: &str) -> String {
    const LONGEST: usize = 60;
    match name.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", name.get(..at).unwrap_or_default()),
        None => name.to_owned(),
    }
}
