//! What holds of any text whatever.

use dtsx::expression::{Bindings, Expression, Value, escape_text};
use proptest::prelude::*;

use super::{at, places};

/// Pieces that expressions are made of, right and wrong ones.
const PIECES: &[&str] = &[
    "1",
    "0",
    "-1",
    "2147483647",
    "1.5",
    ".5",
    "6.",
    "1e3",
    "2.5F",
    "9L",
    "7UL",
    "0xFF",
    "99999999999",
    "\"a\"",
    "\"\"",
    "\"a\\nb\"",
    "\"\\q\"",
    "\"",
    "'",
    "TRUE",
    "FALSE",
    "NULL(DT_I4)",
    "NULL(DT_WSTR,5)",
    "NULL(DT_STR,5,1252)",
    "@n",
    "@s",
    "@[User::n]",
    "@[User::s]",
    "@[",
    "@",
    "c",
    "[c]",
    "#1",
    "(",
    ")",
    ",",
    "?",
    ":",
    "::",
    ".",
    "+",
    "-",
    "*",
    "/",
    "%",
    "&",
    "|",
    "^",
    "~",
    "!",
    "&&",
    "||",
    "==",
    "!=",
    "<",
    ">",
    "<=",
    ">=",
    "=",
    "(DT_I4)",
    "(DT_WSTR,9)",
    "(DT_STR,9,1252)",
    "(DT_R8)",
    "(DT_NUMERIC,9,2)",
    "(DT_DECIMAL,3)",
    "(DT_CY)",
    "(DT_BOOL)",
    "(DT_DATE)",
    "(DT_DBTIMESTAMP)",
    "(DT_DBDATE)",
    "(DT_DBTIME2,3)",
    "(DT_DBTIMESTAMPOFFSET)",
    "(DT_GUID)",
    "(DT_BYTES,9)",
    "(DT_UI1)",
    "(DT_I8)",
    "(DT_FILETIME)",
    "(DT_NTEXT)",
    "(DT_TEXT,1252)",
    "(DT_IMAGE)",
    "(DT_FOO)",
    "LEN(",
    "LEFT(",
    "SUBSTRING(",
    "REPLICATE(",
    "ROUND(",
    "POWER(",
    "ABS(",
    "HEX(",
    "DATEADD(\"dd\",",
    "DATEPART(\"ms\",",
    "DATEDIFF(\"wk\",",
    "GETDATE()",
    "REPLACENULL(",
    "ISNULL(",
    "TOKEN(",
    "FINDSTRING(",
    "REPLACE(",
    "YEAR(",
    "FOO(",
    " ",
    "\n",
    "\u{a0}",
    "Ж",
    "😀",
];

fn scope() -> Bindings {
    let mut scope = at("2026-11-24T09:00:00.123");
    scope.bind("User::n", Value::i4(3));
    scope.bind("User::s", Value::text("Жук 😀 2024-01-04"));
    scope.bind_column("c", Value::i8(i64::MAX));
    scope
}

/// Whatever comes of it, nothing breaks, and an error has a place in the text and can be shown.
fn survives(text: &str) {
    let result = Expression::parse(text).and_then(|expression| {
        assert_eq!(expression.to_string(), text);
        expression.evaluate(&scope())
    });
    match result {
        Ok(value) => {
            let _ = value.to_text(super::Locale(1049));
        }
        Err(error) => {
            let place = error.span();
            assert!(place.end as usize <= text.len(), "{text:?}: {error}");
            assert!(
                text.is_char_boundary(place.start as usize),
                "{text:?}: {error}"
            );
            assert!(
                text.is_char_boundary(place.end as usize),
                "{text:?}: {error}"
            );
            assert!(error.render(text).contains('^'));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn random_tokens_do_not_break_anything(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..25)) {
        survives(&pieces.concat());
    }

    #[test]
    fn random_operands_and_operators_do_not_break_anything(
        pairs in prop::collection::vec((prop::sample::select(PIECES), prop::sample::select(PIECES)), 1..8)
    ) {
        // Operands in parentheses parse more often than anything goes.
        let terms: Vec<String> = pairs.iter().map(|(a, b)| format!("({a}){b}")).collect();
        survives(&format!("{}1", terms.concat()));
    }

    #[test]
    fn random_bytes_do_not_break_anything(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        survives(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn random_text_does_not_break_anything(text in "\\PC{0,40}") {
        survives(&text);
        survives(&format!("\"{text}"));
        survives(&format!("@[{text}]"));
    }

    #[test]
    fn any_cast_of_any_text_has_a_value_or_an_error(
        text in "[-+0-9./: eEaApPmM{}]{0,24}",
        cast in prop::sample::select(PIECES),
    ) {
        survives(&format!("{cast}\"{text}\""));
        survives(&format!("(DT_WSTR,99){cast}\"{text}\""));
    }

    #[test]
    fn a_text_comes_back_from_a_literal(text in any::<String>()) {
        prop_assume!(!text.contains('\0'));
        let literal = format!("\"{}\"", escape_text(&text));
        places::check(&literal);
        let value = Expression::parse(&literal).unwrap().evaluate(&Bindings::new()).unwrap();
        prop_assert_eq!(value.as_str(), Some(text.as_str()));
    }

    #[test]
    fn arithmetic_is_that_of_wider_integers(a in any::<i32>(), b in any::<i32>(), operator in "[-+*/%]") {
        let text = format!("(DT_I4)({a}L) {operator} (DT_I4)({b}L)");
        let (wide_a, wide_b) = (i64::from(a), i64::from(b));
        let wanted = match operator.as_str() {
            "+" => Some(wide_a + wide_b),
            "-" => Some(wide_a - wide_b),
            "*" => Some(wide_a * wide_b),
            "/" => wide_a.checked_div(wide_b),
            _ => wide_a.checked_rem(wide_b),
        };
        let wanted = wanted.and_then(|value| i32::try_from(value).ok());
        let value = Expression::parse(&text).unwrap().evaluate(&Bindings::new()).ok();
        prop_assert_eq!(value, wanted.map(Value::i4));
    }

    #[test]
    fn moments_come_back_from_their_text(
        year in 1753i16..=9999, month in 1i8..=12, day in 1i8..=28, second in 0i32..86_400, millisecond in 0i32..1000
    ) {
        let at = jiff::civil::date(year, month, day).at(0, 0, 0, 0)
            + jiff::SignedDuration::new(second.into(), millisecond * 1_000_000);
        let mut scope = Bindings::new();
        scope.bind("t", Value::timestamp(at));
        for text in ["(DT_DBTIMESTAMP)(DT_WSTR,30)@t == @t", "(DT_DBTIMESTAMP)(DT_DATE)@t == @t"] {
            let value = Expression::parse(text).unwrap().evaluate(&scope).unwrap();
            prop_assert_eq!(value, Value::bool(true), "{} at {}", text, at);
        }
    }
}
