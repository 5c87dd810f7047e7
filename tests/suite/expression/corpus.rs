//! Every expression in packages: those of the project's fixtures, and those that `DTSX_CORPUS` names.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use dtsx::expression::{ErrorKind, Expression};
use roxmltree::{Document, Node};

use super::places;
use crate::support::{corpus, files_below, fixtures};

const DTS: &str = "www.microsoft.com/SqlServer/Dts";

/// Expressions with the kind of place they stand in, each once.
type Expressions = BTreeMap<String, &'static str>;

#[test]
fn every_expression_of_the_fixtures_is_read() {
    let found = collect(&fixtures());
    assert!(found.len() > 10, "only {} expressions", found.len());
    check(&found);
}

#[test]
fn every_expression_of_the_corpus_is_read() {
    let Some(folder) = corpus() else {
        return;
    };
    let found = collect(&folder);
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for kind in found.values() {
        *kinds.entry(kind).or_default() += 1;
    }
    println!("{} distinct expressions: {kinds:?}", found.len());
    for kind in [
        "property",
        "variable",
        "precedence",
        "for loop",
        "expression task",
    ] {
        assert!(kinds.contains_key(kind), "no {kind} expression");
    }
    check(&found);
}

fn check(found: &Expressions) {
    for (text, kind) in found {
        let expression = match Expression::parse(text) {
            Ok(expression) => expression,
            // What SSIS would not parse either; the corpora hold none, so each would be looked at.
            Err(error) => panic!("{kind} expression {text}\n{}", error.render(text)),
        };
        places::check(text);
        let assigns = expression.assigned().is_some();
        match *kind {
            "expression task" => assert!(assigns, "{text}"),
            "property" | "precedence" => assert!(!assigns, "{text}"),
            _ => {}
        }
        // Nothing is bound, so whatever names a variable says so, at that name; the others have a value or an
        // error of their own.
        match (
            expression.names().next(),
            expression.evaluate(&super::at("2026-11-24T09:00:00")),
        ) {
            (Some(_), Err(error)) => {
                assert_eq!(error.kind(), ErrorKind::Name, "{text}: {error}");
                let place = &text[error.span().range()];
                assert!(place.starts_with('@'), "{text}: {place}");
            }
            (None, Ok(_)) => {}
            (_, result) => panic!("{text}: {result:?}"),
        }
    }
}

fn collect(folder: &Path) -> Expressions {
    let mut found = Expressions::new();
    for path in files_below(folder) {
        // Damaged on purpose.
        if path.starts_with(fixtures().join("bad")) {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        if path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("ispac"))
        {
            members(&bytes, &mut found);
        } else {
            document(&bytes, &mut found);
        }
    }
    found
}

fn members(bytes: &[u8], found: &mut Expressions) {
    let Ok(mut archive) = zip::ZipArchive::new(std::io::Cursor::new(bytes)) else {
        return;
    };
    for at in 0..archive.len() {
        let mut member = Vec::new();
        if let Ok(mut file) = archive.by_index(at)
            && file.read_to_end(&mut member).is_ok()
        {
            document(&member, found);
        }
    }
}

fn document(bytes: &[u8], found: &mut Expressions) {
    let Ok(source) = dtsx::source::Source::decode(bytes.to_vec()) else {
        return;
    };
    let Ok(document) = Document::parse(source.text()) else {
        return;
    };
    for node in document.descendants().filter(Node::is_element) {
        let mut add = |kind, text: Option<&str>| {
            if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
                found.entry(text.to_owned()).or_insert(kind);
            }
        };
        match node.tag_name().name() {
            "PropertyExpression" => add("property", node.text()),
            "Variable" if is_on(property(node, "EvaluateAsExpression").as_deref()) => {
                add("variable", property(node, "Expression").as_deref());
            }
            "PrecedenceConstraint" => add("precedence", property(node, "Expression").as_deref()),
            "ExpressionTask" => add("expression task", node.attribute("Expression")),
            _ => {}
        }
        for name in ["InitExpression", "EvalExpression", "AssignExpression"] {
            let is_it = |attribute: &roxmltree::Attribute<'_, '_>| attribute.name() == name;
            add(
                "for loop",
                node.attributes()
                    .find(is_it)
                    .map(|attribute| attribute.value()),
            );
            if node.attribute((DTS, "Name")) == Some(name) {
                add("for loop", node.text());
            }
        }
    }
}

fn is_on(value: Option<&str>) -> bool {
    value.is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "-1" || value == "1")
}

/// A property as an attribute, or as the child element of older formats.
fn property(node: Node<'_, '_>, name: &str) -> Option<String> {
    let child = || {
        node.children()
            .find(|child| child.attribute((DTS, "Name")) == Some(name))
            .and_then(|child| child.text())
    };
    node.attribute((DTS, name))
        .or_else(child)
        .map(str::to_owned)
}
