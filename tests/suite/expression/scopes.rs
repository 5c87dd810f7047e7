//! What an expression asks of its scope, and what it makes of the answers.

use std::cell::RefCell;
use std::sync::Arc;

use dtsx::expression::{
    Bindings, Code, Column, DataType, Error, ErrorKind, Expression, Locale, Lookup, Moment, Name,
    Reason, Scope, Value, unknown,
};

use super::shown;

/// A reason with a structure of its own, as a caller would have one.
#[derive(Debug)]
struct SetAtRunTime {
    by: &'static str,
}

impl std::fmt::Display for SetAtRunTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "set at run time by {}", self.by)
    }
}

impl std::error::Error for SetAtRunTime {}

/// Knows some names, and writes down what it is asked.
#[derive(Default)]
struct Watched {
    asked: RefCell<Vec<String>>,
}

impl Scope for Watched {
    fn variable(&self, name: &Name<'_>) -> Lookup {
        self.asked.borrow_mut().push(name.to_string());
        let later = |data_type| Lookup::Unknown {
            data_type,
            reason: Arc::new(SetAtRunTime { by: "Count Rows" }),
        };
        match name.name {
            "text" => Lookup::Found(Value::text("abc")),
            "five" => Lookup::Found(Value::i4(5)),
            "yes" => Lookup::Found(Value::bool(true)),
            "later" => later(Some(DataType::I4)),
            "laterText" => later(Some(DataType::Wstr { length: 0 })),
            "laterBool" => later(Some(DataType::Bool)),
            "laterUntyped" => later(None),
            "twice" => Lookup::Ambiguous,
            "object" => Lookup::UnsupportedType,
            "secret" => Lookup::Unreadable("it is sensitive".to_owned()),
            _ => Lookup::Missing,
        }
    }

    fn column(&self, column: &Column<'_>) -> Option<Lookup> {
        match column {
            Column::Named { name: "known", .. } => Some(Lookup::Found(Value::i4(7))),
            Column::Named { name: "both", .. } => Some(Lookup::Ambiguous),
            _ => Some(Lookup::Missing),
        }
    }

    fn now(&self) -> Result<Moment, Reason> {
        Err(unknown("the clock is not read here"))
    }

    fn locale(&self) -> Locale {
        Locale::EN_US
    }
}

fn evaluate(text: &str) -> Result<Value, Error> {
    Expression::parse(text)
        .unwrap()
        .evaluate(&Watched::default())
}

#[test]
fn the_reason_comes_back_as_it_was_given() {
    let error = evaluate("\"rows: \" + (DT_WSTR,10)@[User::later]").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unknown);
    assert_eq!(error.code(), None);
    assert_eq!(
        error.message(),
        "the value of `@[User::later]` cannot be known: set at run time by Count Rows"
    );
    assert_eq!(error.span().range(), 23..37);
    let reason = error
        .reason()
        .unwrap()
        .downcast_ref::<SetAtRunTime>()
        .unwrap();
    assert_eq!(reason.by, "Count Rows");
}

#[test]
fn what_does_not_depend_on_an_unknown_value_has_one() {
    for (text, value) in [
        ("@yes ? @five : @later", "5"),
        ("@yes || @laterBool", "True"),
        ("@laterBool || @yes", "True"),
        ("!@yes && @laterBool", "False"),
        ("@laterBool && !@yes", "False"),
        ("@five > 1 || GETDATE() > GETUTCDATE()", "True"),
    ] {
        assert_eq!(
            shown(&evaluate(text).unwrap(), Locale::EN_US),
            value,
            "{text}"
        );
    }
    for text in [
        "@later + 1",
        "-@later",
        "@five == @later",
        "@yes ? @later : @five",
        "@laterBool ? 1 : 1",
        "@yes && @laterBool",
        "@laterBool && @laterBool",
        "ISNULL(@later)",
        "REPLACENULL(@later, 1)",
        "LEFT(@text, @later)",
        "LEN(@laterText)",
        "GETDATE()",
        "YEAR(GETDATE())",
        "DATEADD(\"dd\", @later, (DT_DBTIMESTAMP)\"2024-01-04\")",
        "@five = @later",
        "(DT_DBTIMESTAMP)(DT_DBTIME)\"10:00:00\"",
    ] {
        assert_eq!(
            evaluate(text).unwrap_err().kind(),
            ErrorKind::Unknown,
            "{text}"
        );
    }
}

#[test]
fn a_text_shows_what_is_known_of_it() {
    let outline = |text: &str| {
        Expression::parse(text)
            .unwrap()
            .outline(&Watched::default())
    };
    for (text, wanted) in [
        (
            "@[System::laterText] + \": \" + @text + \" FAILED\"",
            "⟨System::laterText⟩: abc FAILED",
        ),
        (
            "\"rows \" + ((DT_WSTR,10)@[User::later] + \" of \") + (DT_WSTR,10)@five",
            "rows ⟨User::later⟩ of 5",
        ),
        ("\"at \" + (DT_WSTR,30)GETDATE()", "at ⟨GETDATE()⟩"),
        (
            "(@laterBool ? \"a\" : @laterText) + (@yes ? \"!\" : @laterText)",
            "⟨laterBool, laterText⟩!",
        ),
        ("(DT_WSTR,9)(@later + @later)", "⟨later⟩"),
        ("@text", "abc"),
        ("@later * 2", "⟨later⟩"),
        ("@five * 2", "10"),
    ] {
        assert_eq!(outline(text).unwrap().as_deref(), Some(wanted), "{text}");
    }
    assert_eq!(outline("@laterText + NULL(DT_WSTR,1)").unwrap(), None);
    assert_eq!(
        outline("@laterText + 1").unwrap_err().kind(),
        ErrorKind::Type
    );
    assert_eq!(
        outline("\"a\" + @missing").unwrap_err().kind(),
        ErrorKind::Name
    );
}

#[test]
fn types_are_checked_although_values_are_unknown() {
    let check = |text: &str| Expression::parse(text).unwrap().check(&Watched::default());
    assert_eq!(check("@later + 1L").unwrap(), DataType::I8);
    assert_eq!(check("@yes ? @later : 2").unwrap(), DataType::I4);
    for text in [
        "@later + @laterText",
        "@yes ? 1 : @laterText",
        "@five && @laterBool",
    ] {
        let error = check(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Type, "{text}");
    }
    let error = check("@yes ? 1 : @laterUntyped").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unknown);
}

#[test]
fn each_answer_has_its_code() {
    for (text, code) in [
        ("@missing", Code::VariableNotFound),
        ("@twice", Code::AmbiguousVariable),
        ("@object", Code::VariableTypeNotSupported),
        ("@secret", Code::VariableNotReadable),
        ("missing", Code::ColumnNotFound),
        ("[a].[missing]", Code::QualifiedColumnNotFound),
        ("#12", Code::LineageIdNotFound),
        ("both", Code::AmbiguousColumn),
    ] {
        let error = evaluate(text).unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Name, Some(code)),
            "{text}"
        );
    }
    assert_eq!(evaluate("known + 1").unwrap(), Value::i4(8));
}

#[test]
fn a_scope_is_asked_once_for_each_place() {
    let scope = Watched::default();
    let text = "(DT_WSTR,20)@five + @text + (@yes ? \"\" : @text)";
    Expression::parse(text).unwrap().evaluate(&scope).unwrap();
    assert_eq!(*scope.asked.borrow(), ["five", "text", "yes", "text"]);
}

#[test]
fn bound_names_are_found_exactly_first_and_then_in_any_case() {
    let mut scope = Bindings::new();
    scope.bind("User::FilePath", Value::text("a"));
    scope.bind("User::filepath", Value::text("b"));
    scope.bind("System::Name", Value::text("c"));
    scope.bind("Count", Value::i4(1));
    let get = |text: &str| Expression::parse(text).unwrap().evaluate(&scope);
    let text = |of: &str| get(of).unwrap().as_str().unwrap().to_owned();
    assert_eq!(text("@[User::FilePath]"), "a");
    assert_eq!(text("@[User::filepath]"), "b");
    assert_eq!(text("@[system::name]"), "c");
    assert_eq!(text("@NAME"), "c");
    assert_eq!(get("@[User::Count]").unwrap(), Value::i4(1));
    assert_eq!(
        get("@FILEPATH").unwrap_err().code(),
        Some(Code::AmbiguousVariable)
    );
    let error = get("@[User::FilePaht]").unwrap_err();
    assert_eq!(error.help(), Some("did you mean `@[User::FilePath]`?"));
    assert_eq!(
        get("@Nmae").unwrap_err().help(),
        Some("did you mean `@[Name]`?")
    );
    assert_eq!(
        get("Count").unwrap_err().code(),
        Some(Code::NoColumnsForName)
    );
    assert_eq!(
        get("#1").unwrap_err().code(),
        Some(Code::NoColumnsForLineageId)
    );
}

#[test]
fn assignments_are_stored_by_who_asks() {
    let mut scope = Bindings::new();
    scope.bind("User::n", Value::i4(2));
    scope.bind("User::text", Value::text("short"));
    scope.bind(
        "User::day",
        Value::date("2024-01-04T00:00:00".parse().unwrap()),
    );
    scope.bind("User::yes", Value::bool(true));
    scope.bind("System::PackageName", Value::text("P"));
    scope.bind("$Project::p", Value::i4(1));
    let mut assign = |text: &str| -> Result<String, Error> {
        let expression = Expression::parse(text)?;
        let value = expression.evaluate(&scope)?;
        let kind = value.data_type().to_string();
        scope.assign(expression.assigned().unwrap(), value)?;
        Ok(kind)
    };
    // The value has the type of the variable; a string is as long as it is.
    assert_eq!(assign("@n = @n * 2L").unwrap(), "DT_I4");
    assert_eq!(assign("@n = @n + 0.6").unwrap(), "DT_I4");
    assert_eq!(
        assign("@[User::text] = @text + \" and longer\"").unwrap(),
        "DT_WSTR,16"
    );
    assert_eq!(
        assign("@day = (DT_DBDATE)\"2024-02-29\"").unwrap(),
        "DT_DATE"
    );
    for (text, code) in [
        ("@n = \"5\"", Code::AssignmentTypeMismatch),
        ("@text = 5", Code::AssignmentTypeMismatch),
        ("@yes = 1", Code::AssignmentTypeMismatch),
        ("@day = \"2024-01-01\"", Code::AssignmentTypeMismatch),
        ("@n = 3000000000L", Code::ConversionOverflow),
        ("@missing = 1", Code::VariableNotFound),
        ("@PackageName = \"x\"", Code::AssignmentToReadOnly),
        ("@[$Project::p] = 2", Code::AssignmentToReadOnly),
    ] {
        assert_eq!(assign(text).unwrap_err().code(), Some(code), "{text}");
    }
    let get = |text: &str| Expression::parse(text).unwrap().evaluate(&scope).unwrap();
    // 2 * 2 = 4, and 4.6 rounds to 5.
    assert_eq!(get("@n"), Value::i4(5));
    assert_eq!(get("@text").as_str(), Some("short and longer"));
}
