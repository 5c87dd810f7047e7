//! Long and deep expressions: they evaluate, or the error says why not; the stack is never the limit.

use dtsx::expression::{Bindings, Error, Expression, Value};

/// What nests: how one level opens, what lies inside, how it closes, and the value of any depth.
const NESTS: [(&str, &str, &str, &str); 9] = [
    ("(", "1", ")", "1"),
    ("-(", "1", ")", "1"),
    ("~", "7", "", "7"),
    ("!", "TRUE", "", "True"),
    ("(DT_I4)", "7", "", "7"),
    ("UPPER(", "\"a\"", ")", "A"),
    ("RIGHT(\"0\" + ", "\"7\"", ", 2)", "07"),
    ("TRUE ? ", "1", " : 2", "1"),
    ("FALSE ? 2 : ", "1", "", "1"),
];

fn nested(open: &str, inner: &str, close: &str, levels: usize) -> String {
    [open.repeat(levels), inner.to_owned(), close.repeat(levels)].concat()
}

/// Evaluates on a stack of that many KiB.
fn on_stack(kibibytes: usize, text: String) -> Result<Value, Error> {
    let work = move || Expression::parse(&text)?.evaluate(&Bindings::new());
    let thread = std::thread::Builder::new()
        .stack_size(kibibytes * 1024)
        .spawn(work);
    thread.unwrap().join().unwrap()
}

#[test]
fn two_hundred_levels_evaluate_on_a_small_stack() {
    for (open, inner, close, value) in NESTS {
        let result = on_stack(512, nested(open, inner, close, 200)).unwrap();
        assert_eq!(super::shown(&result, super::Locale::EN_US), value, "{open}");
    }
}

#[test]
fn a_hundred_thousand_levels_are_a_clear_error() {
    for (open, inner, close, _) in NESTS {
        let error = on_stack(1024, nested(open, inner, close, 100_000)).unwrap_err();
        assert_eq!(error.code().unwrap().to_string(), "0xC0047099", "{open}");
        assert!(
            error
                .message()
                .contains("nested more than 1000 levels deep"),
            "{open}"
        );
        assert!(error.span().end < 40_000, "{open}: {:?}", error.span());
    }
}

#[test]
fn parentheses_that_do_not_close_are_found_at_any_depth() {
    let error = on_stack(1024, "(".repeat(500)).unwrap_err();
    assert_eq!(error.code().unwrap().to_string(), "0xC00470A7");
    let error = on_stack(1024, "(".repeat(1_000_000)).unwrap_err();
    assert_eq!(error.code().unwrap().to_string(), "0xC0047099");
}

#[test]
fn ten_thousand_characters_evaluate() {
    let sum = vec!["\"abcd\""; 2_500].join("+");
    assert!(sum.len() > 10_000);
    let value = on_stack(512, sum).unwrap();
    assert_eq!(value.as_str().unwrap().len(), 10_000);

    let literal = format!("\"{}\"", "x".repeat(10_060));
    assert_eq!(
        on_stack(512, literal).unwrap().as_str().unwrap().len(),
        10_060
    );

    let condition = vec!["1 == 1"; 2_000].join(" && ");
    assert_eq!(on_stack(512, condition).unwrap(), Value::bool(true));
}

#[test]
fn a_million_evaluations_hold_nothing() {
    // In a process of its own, because what other tests hold would count too.
    let alone = "expression::limits::a_million_evaluations_alone";
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", alone, "--ignored"])
        .stdout(std::process::Stdio::null())
        .status();
    assert!(status.unwrap().success());
}

#[test]
#[ignore = "run by the test before it, in a process of its own"]
fn a_million_evaluations_alone() {
    let scope = super::scope(r#"{"@User::n": ["DT_I4", "5"], "@User::s": ["DT_WSTR", "text"]}"#);
    let expression = Expression::parse("\"rows \" + (DT_WSTR,10)(@[User::n] + 1) + @s").unwrap();
    let evaluate = |times: u32| {
        for _ in 0..times {
            assert!(expression.evaluate(&scope).is_ok());
        }
    };
    evaluate(1_000);
    let before = resident();
    evaluate(1_000_000);
    if let (Some(before), Some(after)) = (before, resident()) {
        // One byte held in each evaluation would be 1,000 KiB.
        assert!(after < before + 512, "from {before} to {after} KiB");
    }
}

/// Resident memory of the process in KiB, where the system tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn texts_do_not_grow_without_bound() {
    for text in [
        "REPLICATE(\"x\", 2000000000)",
        "REPLICATE(REPLICATE(\"x\", 4000), 100000)",
        "REPLACE(REPLICATE(\"x\", 100000), \"x\", REPLICATE(\"y\", 100000))",
    ] {
        let error = Expression::parse(text)
            .unwrap()
            .evaluate(&Bindings::new())
            .unwrap_err();
        assert_eq!(error.code().unwrap().to_string(), "0xC004707F", "{text}");
    }
}
