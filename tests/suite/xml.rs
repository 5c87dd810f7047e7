//! The byte-exact document, held against roxmltree and against itself.

use std::collections::BTreeMap;

use dtsx::source::Source;
use dtsx::xml::{Document, Edit, EditSet, Limits, Node, XmlErrorKind};
use zeroize::Zeroizing;

use crate::support::{Seeded, good_xml_files};

fn parse(text: &str) -> Document {
    Document::parse(Source::from_text(text), &Limits::default()).unwrap()
}

fn refusal(text: &str) -> (XmlErrorKind, u32, u32) {
    let error = Document::parse(Source::from_text(text), &Limits::default()).unwrap_err();
    (error.kind, error.place.line, error.place.column)
}

/// Documents that touch every construct the parser knows.
const SEEDS: [&str; 8] = [
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<a xmlns:p=\"u\" p:b=\"1\" b='2'>t&amp;<p:c/>&#x41;</a>\n",
    "<DTS:Executable xmlns:DTS=\"www.microsoft.com/SqlServer/Dts\"\n  DTS:refId=\"Package\"\n  DTS:ObjectName=\"x &quot;y&quot;\">\n  <DTS:Property DTS:Name=\"PackageFormatVersion\">8</DTS:Property>\n  <DTS:ObjectData><SendMailTask:SendMailTaskData SendMailTask:To=\"a@example.com;b@example.com\" SendMailTask:MessageSource=\"l1&#xA;l2\" xmlns:SendMailTask=\"www.microsoft.com/sqlserver/dts/tasks/sendmailtask\" /></DTS:ObjectData>\n</DTS:Executable>",
    "<a><![CDATA[x <b> ]] > ]]><!-- c - d --><?pi some data?>\r\n<b c='>'/></a>",
    "<r xmlns='d'><s xmlns=''><t xmlns:q='x' q:z='1' z='2'/></s></r>",
    "<\u{43F}\u{440} \u{430}='\u{1F600}'>\u{43F}&#1055;</\u{43F}\u{440}>",
    "<a b = 'x'\tc\n=\r\n\"y\" ></a >",
    "<a>1</a><!-- after --> <?x?>",
    "<a xml:space='preserve'> <b xml:lang=\"en\"/> </a>",
];

#[test]
fn a_document_that_is_not_changed_is_the_same_bytes() {
    let files = good_xml_files();
    for path in &files {
        let bytes = std::fs::read(path).unwrap();
        let source = Source::decode(bytes.clone()).unwrap();
        let document = Document::parse(source, &Limits::default())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let nothing = document.sealed(EditSet::new()).unwrap();
        assert!(document.apply(&nothing) == bytes, "{}", path.display());
    }
    println!("{} documents written as they were read", files.len());
}

/// Names, attributes and values as roxmltree sees them, element by element in document order.
#[test]
fn every_element_and_value_is_the_one_that_roxmltree_reads() {
    for path in good_xml_files() {
        let source = Source::decode(std::fs::read(&path).unwrap()).unwrap();
        let text = source.text().to_owned();
        let ours = Document::parse(source, &Limits::default()).unwrap();
        assert_same_tree(&ours, &text, &path.display().to_string());
    }
    for seed in SEEDS {
        assert_same_tree(&parse(seed), seed, seed);
    }
}

fn assert_same_tree(ours: &Document, text: &str, name: &str) {
    let theirs = roxmltree::Document::parse(text).unwrap();
    let elements: Vec<Node<'_>> = std::iter::once(ours.root())
        .chain(ours.root().descendants())
        .collect();
    let expected: Vec<_> = theirs.descendants().filter(|n| n.is_element()).collect();
    assert_eq!(elements.len(), expected.len(), "{name}");
    for (node, expected) in elements.iter().zip(&expected) {
        let tag = expected.tag_name();
        assert_eq!(node.name(), tag.name(), "{name}");
        assert_eq!(node.namespace(), tag.namespace().unwrap_or(""), "{name}");
        assert_eq!(node.span().range(), expected.range(), "{name}");
        let parent = expected.parent_element().map(|parent| parent.range());
        assert_eq!(node.parent().map(|p| p.span().range()), parent, "{name}");
        let attributes: Vec<_> = node
            .attributes()
            .filter(|attribute| !attribute.is_declaration())
            .map(|attribute| {
                (
                    attribute.namespace(),
                    attribute.name(),
                    attribute.value().text,
                )
            })
            .collect();
        let expected_attributes: Vec<_> = expected
            .attributes()
            .map(|a| (a.namespace().unwrap_or(""), a.name(), a.value().into()))
            .collect();
        assert_eq!(attributes, expected_attributes, "{name}");
        for (attribute, theirs) in node
            .attributes()
            .filter(|attribute| !attribute.is_declaration())
            .zip(expected.attributes())
        {
            assert_eq!(attribute.raw().range(), theirs.range_value(), "{name}");
            assert_eq!(
                attribute.name_span().range(),
                theirs.range_qname(),
                "{name}"
            );
        }
        let text: String = expected
            .children()
            .filter(|child| child.is_text())
            .filter_map(|child| child.text())
            .collect();
        assert_eq!(node.value().text, text, "{name}: <{}>", node.name());
    }
}

/// Every value, cut at every character: the places of the two halves join to the place of the whole, and each
/// character that is spelled as itself is found where it stands.
#[test]
fn every_place_of_every_value_is_known() {
    let mut values = 0u64;
    let mut check = |document: &Document, value: &dtsx::source::Decoded<'_>| {
        let whole = value.raw();
        let text: &str = &value.text;
        // A script of a megabyte need not be cut at each of its places.
        let step = text.len() / 2_000 + 1;
        for (at, c) in text.char_indices().step_by(step) {
            let (left, right) = (value.raw_span(0..at), value.raw_span(at..text.len()));
            assert_eq!(left.start, whole.start);
            assert_eq!(left.end, right.start);
            assert_eq!(right.end, whole.end);
            let own = value.raw_span(at..at + c.len_utf8());
            let spelled = document.text(own);
            assert!(
                spelled.starts_with(c) || spelled.starts_with(['&', '\r', '\t', '\n', '<']),
                "{c:?} spelled {spelled:?}"
            );
        }
        values += 1;
    };
    for path in good_xml_files() {
        let source = Source::decode(std::fs::read(&path).unwrap()).unwrap();
        let document = Document::parse(source, &Limits::default()).unwrap();
        for node in document.root().descendants() {
            check(&document, &node.value());
            for attribute in node.attributes() {
                check(&document, &attribute.value());
            }
        }
    }
    for seed in SEEDS {
        let document = parse(seed);
        check(&document, &document.root().value());
    }
    println!("{values} values cut at their characters");
}

/// 200,000 damaged documents get the same verdict from us and from roxmltree, but for the differences listed in
/// [`known_difference`].
#[test]
fn damaged_documents_get_the_verdict_of_roxmltree() {
    const MUTANTS: usize = 200_000;
    const PIECES: [&str; 40] = [
        "<",
        ">",
        "/",
        "&",
        ";",
        "\"",
        "'",
        "=",
        " ",
        "\n",
        "\r",
        "\t",
        "]]>",
        "--",
        "-->",
        "<!--",
        "<![CDATA[",
        "<?",
        "?>",
        "<?xml version=\"1.0\"?>",
        "<!DOCTYPE a>",
        "&#0;",
        "&#xD800;",
        "&nbsp;",
        "&amp;",
        "xmlns=\"\"",
        " xmlns:p=\"u\"",
        "p:",
        ":",
        "\u{1}",
        "\u{FFFE}",
        "\u{430}",
        "a",
        "1",
        "<a>",
        "</a>",
        "<a/>",
        " b=\"1\"",
        "\u{FEFF}",
        "-",
    ];
    let mut random = Seeded::new(2026);
    let mut differences: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..MUTANTS {
        let mut text = random.pick(&SEEDS).to_owned();
        for _ in 0..=random.below(2) {
            let mut at = random.below(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            match random.below(3) {
                0 => text.insert_str(at, random.pick(&PIECES)),
                1 => {
                    let end = (at + 1 + random.below(6)).min(text.len());
                    let end = (end..=text.len())
                        .find(|&e| text.is_char_boundary(e))
                        .unwrap();
                    text.replace_range(at..end, "");
                }
                _ => {
                    let end = (at + 1..=text.len()).find(|&e| text.is_char_boundary(e));
                    if let Some(end) = end {
                        text.replace_range(at..end, random.pick(&PIECES));
                    }
                }
            }
        }
        let ours = Document::parse(Source::from_text(text.as_str()), &Limits::default());
        let theirs = roxmltree::Document::parse(&text);
        match (&ours, &theirs) {
            (Ok(_), Ok(_)) => accepted += 1,
            (Err(_), Err(_)) => refused += 1,
            (Err(error), Ok(_)) => {
                let Some(kind) = known_difference(&text, &error.kind) else {
                    panic!("{text:?}\nwe refuse it: {error}\nroxmltree accepts it");
                };
                *differences.entry(kind).or_default() += 1;
            }
            (Ok(_), Err(theirs)) => {
                panic!("{text:?}\nwe accept it; roxmltree: {theirs}");
            }
        }
    }
    println!(
        "{MUTANTS} mutants: {accepted} accepted and {refused} refused by both; {differences:?}"
    );
    assert!(accepted > MUTANTS / 50 && refused > MUTANTS / 50);
}

/// Where we refuse what roxmltree accepts, with the clause that says so. There is nothing the other way round.
fn known_difference(text: &str, ours: &XmlErrorKind) -> Option<&'static str> {
    use XmlErrorKind as Kind;
    match ours {
        Kind::Reference(name) if name == "#xD800;" => Some("XML 4.1: a surrogate is no character"),
        Kind::Declaration => {
            Some("XML 2.8: the declaration has a grammar, and stands at the start alone")
        }
        Kind::ProcessingInstruction => {
            Some("XML 2.6: white space behind the target; Namespaces 7: no colon in it")
        }
        Kind::Name(name) if name.starts_with(':') => {
            Some("Namespaces 4: no name begins with a colon")
        }
        Kind::MismatchedEnd { found, .. } if found.starts_with(':') => {
            Some("Namespaces 4: no name begins with a colon")
        }
        Kind::NamespaceDeclaration(_) if text.contains("=''") || text.contains("=\"\"") => {
            Some("Namespaces 5: a prefix cannot be undeclared")
        }
        Kind::DuplicateAttribute(name) if name.starts_with("xmlns") => {
            Some("XML 3.1: a declaration is an attribute and stands once")
        }
        Kind::UnboundPrefix(_) if text.contains(":xmlns") => {
            Some("Namespaces 5: `p:xmlns` declares nothing, and `p` must be declared")
        }
        Kind::NotXml if text.starts_with('\u{FEFF}') => Some("a second byte order mark is text"),
        _ => None,
    }
}

#[test]
fn ill_formed_documents_are_refused_with_their_place() {
    use XmlErrorKind as Kind;
    let table: [(&str, Kind, u32, u32); 21] = [
        ("", Kind::Empty, 1, 1),
        (" \n", Kind::Empty, 1, 1),
        ("hello", Kind::NotXml, 1, 1),
        ("<?xml version=\"1.0\"?>\n", Kind::NoRoot, 2, 1),
        ("<a/>\nb", Kind::TextOutsideRoot, 2, 1),
        ("<a/>\n <b/>", Kind::SecondRoot, 2, 2),
        ("<!DOCTYPE a>\n<a/>", Kind::Dtd, 1, 1),
        ("<a>\n<b>", Kind::UnclosedElement("b".into()), 2, 4),
        (
            "<a></b>",
            Kind::MismatchedEnd {
                open: "a".into(),
                found: "b".into(),
            },
            1,
            4,
        ),
        ("<a/></a>", Kind::UnexpectedEnd("a".into()), 1, 5),
        (
            "<a b=\"1\"\n b='2'/>",
            Kind::DuplicateAttribute("b".into()),
            2,
            2,
        ),
        (
            "<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>",
            Kind::DuplicateAttribute("q:b".into()),
            1,
            35,
        ),
        ("<a b='<'/>", Kind::LessThanInValue, 1, 7),
        ("<a>&nbsp;</a>", Kind::Reference("nbsp;".into()), 1, 4),
        ("<a>x ]]> y</a>", Kind::CdataEnd, 1, 6),
        ("<a>\u{7}</a>", Kind::Character('\u{7}'), 1, 4),
        ("<a>\0</a>", Kind::Character('\0'), 1, 4),
        ("<p:a/>", Kind::UnboundPrefix("p".into()), 1, 2),
        (
            "<a xmlns:xml='x'/>",
            Kind::NamespaceDeclaration("xmlns:xml".into()),
            1,
            4,
        ),
        (" <?xml version=\"1.0\"?><a/>", Kind::Declaration, 1, 2),
        (
            "<a b='1'c='2'/>",
            Kind::Attribute("white space between attributes"),
            1,
            9,
        ),
    ];
    for (text, kind, line, column) in table {
        assert_eq!(refusal(text), (kind, line, column), "{text:?}");
    }
}

#[test]
fn limits_are_named_with_the_option_that_raises_them() {
    let deep = "<a>".repeat(100_000);
    let many: String = (0..5_000).map(|n| format!(" a{n}=\"\"")).collect();
    let declared: String = (0..300).map(|n| format!(" xmlns:a{n}=\"u\"")).collect();
    for (text, limit) in [
        (deep, "depth"),
        (format!("<a{many}/>"), "attributes"),
        (format!("<a{declared}/>"), "namespaces"),
        (format!("<{}/>", "a".repeat(2_000)), "name-length"),
        (format!("<a b=\"{}\"/>", "x".repeat(100 << 20)), "size"),
    ] {
        let error = Document::parse(Source::from_text(text), &Limits::default()).unwrap_err();
        assert!(
            matches!(error.kind, XmlErrorKind::Limit { limit: found, .. } if found == limit),
            "{error}"
        );
        assert!(
            error.to_string().contains(&format!("--limit {limit}=")),
            "{error}"
        );
    }
    let mut raised = Limits::default();
    raised.set("depth", 200_000).unwrap();
    assert!(raised.set("width", 1).is_err());
    let text = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let document = Document::parse(Source::from_text(text), &raised).unwrap();
    assert_eq!(document.root().descendants().count(), 99_999);
}

#[test]
fn edits_change_their_characters_and_no_others() {
    let document = parse("<a b=\"one\" c='two'>\r\n <d/>three</a>");
    let root = document.root();
    let mut edits = EditSet::new();
    let b = root.attribute("", "b").unwrap();
    let c = root.attribute("", "c").unwrap();
    edits.push(Edit::new(c.whole(), "")).unwrap();
    edits
        .push(Edit::new(b.value().raw_span(0..1), "O"))
        .unwrap();
    edits
        .push(Edit::new(root.child("", "d").unwrap().span(), "<e>é</e>"))
        .unwrap();
    let inverse = edits.invert(&document);
    let sealed = document.sealed(edits).unwrap();
    let changed = String::from_utf8(document.apply(&sealed)).unwrap();
    assert_eq!(changed, "<a b=\"One\">\r\n <e>é</e>three</a>");
    let again = parse(&changed);
    let back = again.apply(&again.sealed(inverse).unwrap());
    assert_eq!(back, document.source().text().as_bytes());
}

#[test]
fn an_opened_protected_element_stands_in_the_tree() {
    let mut document = parse("<a><secret>x</secret><b/></a>");
    let host = document.root().child("", "secret").unwrap().id();
    let plain = Zeroizing::new("<p q=\"v\"><r>inner</r></p>".to_owned());
    document.graft(host, plain, &Limits::default()).unwrap();
    let names: Vec<_> = document.root().descendants().map(Node::name).collect();
    assert_eq!(names, ["p", "r", "b"]);
    let r = document
        .root()
        .children()
        .next()
        .unwrap()
        .child("", "r")
        .unwrap();
    assert_eq!(r.value().text, "inner");
    assert_eq!(document.text(r.value().raw_span(0..2)), "in");
    assert_eq!(r.parent().unwrap().parent().unwrap(), document.root());
    assert_eq!(document.host_of(r.span().start), Some(host));
    let place = document.place(r.span());
    assert!(place.decrypted);
    assert_eq!((place.start, place.end), (3, 21));
    // Plaintext must be encrypted before it can be written.
    let mut edits = EditSet::new();
    edits.push(Edit::new(r.value().raw(), "changed")).unwrap();
    assert!(document.sealed(edits).is_err());
    // Plaintext that is not XML leaves the document as it was.
    let b = document.root().child("", "b").unwrap().id();
    let bad = Zeroizing::new("<p>".to_owned());
    assert!(document.graft(b, bad, &Limits::default()).is_err());
    assert_eq!(document.root().descendants().count(), 3);
}
