//! Where everything in an expression stands, and that the tree is the text.

use dtsx::expression::{Expression, NameForm, NodeKind, escape_text};
use dtsx::source::Span;

use super::at;

fn slice(text: &str, span: Span) -> &str {
    &text[span.range()]
}

/// Replaces the piece of the text at `span`.
fn with(text: &str, span: Span, by: &str) -> String {
    [&text[..span.start as usize], by, &text[span.end as usize..]].concat()
}

/// What must hold of every expression, whatever it means.
pub(super) fn check(text: &str) {
    let expression = Expression::parse(text).unwrap();
    assert_eq!(expression.to_string(), text);

    // Children lie inside their parents, in order and apart.
    for node in expression.nodes() {
        let mut from = node.span().start;
        for child in node.children() {
            assert!(child.id() < node.id(), "{text}");
            assert!(node.span().contains(child.span()), "{text}");
            assert!(child.span().start >= from, "{text}");
            from = child.span().end;
        }
        // A node in parentheses means what it means where it stands.
        let alone = Expression::parse(node.text());
        if !matches!(node.kind(), NodeKind::Assignment(..)) {
            assert!(alone.is_ok(), "{} in {text}", node.text());
        }
    }

    names_can_be_replaced(text, &expression);
    strings_can_be_replaced(text, &expression);
}

/// Each name by itself: the same tree, with another name in that place.
fn names_can_be_replaced(text: &str, expression: &Expression<'_>) {
    let before: Vec<String> = expression.names().map(ToString::to_string).collect();
    for (at, name) in expression.names().enumerate() {
        assert_eq!(slice(text, name.name_span), name.name);
        assert_eq!(
            name.namespace_span.map(|span| slice(text, span)),
            name.namespace
        );
        let whole = slice(text, name.span);
        match name.form {
            NameForm::Bare => assert_eq!(whole, format!("@{name}")),
            NameForm::Bracketed => assert_eq!(whole, format!("@[{name}]")),
        }
        for (by, wanted) in [
            (
                with(text, name.name_span, "Other_1"),
                match name.namespace {
                    Some(namespace) => format!("{namespace}::Other_1"),
                    None => "Other_1".to_owned(),
                },
            ),
            (
                with(text, name.span, "@[$Project::Other one]"),
                "$Project::Other one".to_owned(),
            ),
        ] {
            let edited = Expression::parse(&by).unwrap();
            let after: Vec<String> = edited.names().map(ToString::to_string).collect();
            let mut expected = before.clone();
            expected[at] = wanted;
            assert_eq!(after, expected, "{by}");
        }
    }
}

/// Each string by itself, the whole and a piece of it.
fn strings_can_be_replaced(text: &str, expression: &Expression<'_>) {
    let before: Vec<String> = expression
        .strings()
        .map(|(_, value)| value.text.to_string())
        .collect();
    for (at, (span, value)) in expression.strings().enumerate() {
        assert_eq!(
            slice(text, span),
            format!("\"{}\"", slice(text, value.raw()))
        );
        let other = "C:\\new \"one\"\r\nЖ😀";
        let edited = with(text, value.raw(), &escape_text(other));
        let mut expected = before.clone();
        expected[at] = other.to_owned();
        assert_eq!(strings(&edited), expected, "{edited}");

        let characters: Vec<(usize, char)> = value.text.char_indices().collect();
        for &(start, c) in characters.iter().take(40) {
            let piece = value.raw_span(start..start + c.len_utf8());
            let edited = with(text, piece, "<>");
            let mut expected = before.clone();
            expected[at].replace_range(start..start + c.len_utf8(), "<>");
            assert_eq!(strings(&edited), expected, "{edited}");
        }
    }
}

fn strings(text: &str) -> Vec<String> {
    let expression = Expression::parse(text).unwrap();
    expression
        .strings()
        .map(|(_, value)| value.text.to_string())
        .collect()
}

#[test]
fn the_tree_is_the_text() {
    for text in [
        "1",
        "  1 + 2\r\n\t* 3  ",
        "@[User::A]\n+ @B + @[$Project::C d]",
        r#"(DT_STR, 30 , 1252 ) GETDATE( ) + "a\\b\"c\x0041" + "raw
line""#,
        "NULL( DT_NUMERIC , 10 , 2 )",
        "!(ISNULL([My Source].Column)) ? -@x : ~(1) - -1",
        "@[User::x] = ( @y == 1 ? 2 : 3 )",
        "SUBSTRING (\"elephant\",4 , 50)",
        "#12 + [LEN](\"abc\")",
        "\"\" + \"Жук 😀\" + \"\\xD83D\\xDE00\"",
        "RIGHT(\"0\" + (DT_WSTR,2)MONTH(GETDATE()),2)",
    ] {
        check(text);
    }
}

#[test]
fn every_node_has_its_place() {
    let text = r#" (DT_WSTR,10)(@[User::n]+1) + "x" "#;
    let expression = Expression::parse(text).unwrap();
    let pieces: Vec<&str> = expression.nodes().map(|node| node.text()).collect();
    assert_eq!(
        pieces,
        [
            "10",
            "@[User::n]",
            "1",
            "@[User::n]+1",
            "(@[User::n]+1)",
            "(DT_WSTR,10)(@[User::n]+1)",
            "\"x\"",
            "(DT_WSTR,10)(@[User::n]+1) + \"x\"",
        ]
    );
    assert_eq!(expression.root().text(), text.trim());
}

#[test]
fn operators_bind_as_the_documentation_says() {
    let shape = |text: &str| {
        let expression = Expression::parse(text).unwrap();
        // A fully parenthesised form, from the tree.
        let mut shown: Vec<String> = Vec::new();
        for node in expression.nodes() {
            let children: Vec<String> = node
                .children()
                .map(|child| shown[child.id().index()].clone())
                .collect();
            shown.push(match node.kind() {
                NodeKind::Binary(operator, ..) => {
                    format!("({} {operator} {})", children[0], children[1])
                }
                NodeKind::Unary(operator, _) => format!("({operator}{})", children[0]),
                NodeKind::Cast(spec, _) => format!("({} {})", spec.name, children.last().unwrap()),
                NodeKind::Conditional(..) => {
                    format!("({} ? {} : {})", children[0], children[1], children[2])
                }
                NodeKind::Group(_) => children[0].clone(),
                _ => node.text().to_owned(),
            });
        }
        shown.pop().unwrap()
    };
    for (text, wanted) in [
        ("1+2*3-4", "((1 + (2 * 3)) - 4)"),
        ("a & b == c", "(a & (b == c))"),
        ("a | b ^ c & d", "(a | (b ^ (c & d)))"),
        ("a || b && c", "(a || (b && c))"),
        ("a < b == c > d", "((a < b) == (c > d))"),
        ("-a * !b", "((-a) * (!b))"),
        ("- -a", "(-(-a))"),
        ("(DT_I4)a + b", "((DT_I4 a) + b)"),
        ("(DT_I4)-a", "(DT_I4 (-a))"),
        ("-(DT_I4)a", "(-(DT_I4 a))"),
        ("(DT_I4)(DT_R8)a", "(DT_I4 (DT_R8 a))"),
        ("a ? b : c ? d : e", "(a ? b : (c ? d : e))"),
        ("a ? b ? c : d : e", "(a ? (b ? c : d) : e)"),
        ("a || b ? c + d : e || f", "((a || b) ? (c + d) : (e || f))"),
        ("a % b / c", "((a % b) / c)"),
        ("1 - 2 - 3", "((1 - 2) - 3)"),
    ] {
        assert_eq!(shape(text), wanted, "{text}");
    }
}

#[test]
fn a_whole_expression_may_be_one_name_or_one_string() {
    let name = |text: &str| {
        Expression::parse(text)
            .unwrap()
            .as_name()
            .map(ToString::to_string)
    };
    assert_eq!(
        name("@[$Project::Server]").as_deref(),
        Some("$Project::Server")
    );
    assert_eq!(name(" ( (@x) ) ").as_deref(), Some("x"));
    assert_eq!(name("@x + \"\""), None);
    assert_eq!(name("@x = 1"), None);

    let expression = Expression::parse("@[$Package::P]").unwrap();
    assert!(expression.as_name().unwrap().is_parameter());
    assert!(
        !Expression::parse("@[User::P]")
            .unwrap()
            .as_name()
            .unwrap()
            .is_parameter()
    );

    let string = |text: &str| {
        let expression = Expression::parse(text).unwrap();
        expression.as_string().map(|value| value.text.to_string())
    };
    assert_eq!(string("(\"a\\\\b\")").as_deref(), Some("a\\b"));
    assert_eq!(string("UPPER(\"a\")"), None);
}

#[test]
fn an_assignment_names_its_target() {
    let expression = Expression::parse("@[User::n] = @m + 1").unwrap();
    assert_eq!(expression.assigned().unwrap().to_string(), "User::n");
    let names: Vec<String> = expression.names().map(ToString::to_string).collect();
    assert_eq!(names, ["User::n", "m"]);
    assert!(Expression::parse("@n == 1").unwrap().assigned().is_none());
}

#[test]
fn a_string_is_found_in_the_text_around_the_expression() {
    // The expression as an attribute would hold it; the outer map comes first, then that of the string.
    let attribute = "@[User::a] + &quot;relay.\\x0065xample&quot;";
    let mut builder = dtsx::source::DecodedBuilder::new(attribute, 1000);
    builder.verbatim("@[User::a] + ".len());
    builder.replaced("&quot;".len(), "\"");
    builder.verbatim("relay.\\x0065xample".len());
    builder.replaced("&quot;".len(), "\"");
    let outer = builder.finish();

    let expression = Expression::parse(&outer.text).unwrap();
    let (_, value) = expression.strings().next().unwrap();
    assert_eq!(value.text, "relay.example");
    let start = value.text.find("exam").unwrap();
    let place = outer.raw_span(value.raw_span(start..start + 4).range());
    assert_eq!(
        &attribute[place.start as usize - 1000..place.end as usize - 1000],
        "\\x0065xam"
    );
}

#[test]
fn errors_stand_where_the_mistake_is() {
    let scope = at("2026-11-24T09:00:00");
    for (text, place) in [
        ("\"a\" + (DT_WSTR,5)@[User::Missing]", "@[User::Missing]"),
        ("1 + UPER(\"a\")", "UPER"),
        ("LEFT(\"a\", \"b\")", "\"b\""),
        ("1 + (2 ? 3 : 4)", "2"),
        ("10 / (5 - 5)", "(5 - 5)"),
        ("DATEPART(\"xx\", GETDATE())", "\"xx\""),
        ("(DT_STR,10,9999)\"a\"", "9999"),
        ("(DT_NUMERIC,40,2)1", "40"),
        ("1 + (DT_I4)\"x\"", "(DT_I4)\"x\""),
        ("1 + TRUE", "1 + TRUE"),
        ("LEN(\"a\", \"b\") + 1", "LEN(\"a\", \"b\")"),
    ] {
        let error = Expression::parse(text)
            .unwrap()
            .evaluate(&scope)
            .unwrap_err();
        assert_eq!(slice(text, error.span()), place, "{error}");
    }
}
