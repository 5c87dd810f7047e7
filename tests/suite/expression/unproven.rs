//! Behaviour that fits what is known but that nobody has shown; `docs/expressions.md` lists it by these names.
//!
//! A test here says what this library does, not what SSIS does. When somebody measures it, the case moves to the
//! fixtures.

use std::collections::BTreeSet;
use std::path::Path;

use dtsx::expression::{Error, ErrorKind, Expression, Locale};

use super::{at, scope, shown};
use crate::support::files_below;

fn evaluate(text: &str) -> Result<String, Error> {
    let scope = at("2026-11-24T09:07:03.456");
    Ok(shown(
        &Expression::parse(text)?.evaluate(&scope)?,
        Locale::EN_US,
    ))
}

fn gives(rows: &[(&str, &str)]) {
    for (text, wanted) in rows {
        match evaluate(text) {
            Ok(value) => assert_eq!(value, *wanted, "{text}"),
            Err(error) => panic!("{text}: {error}"),
        }
    }
}

fn fails(rows: &[&str], kind: ErrorKind) {
    for text in rows {
        match evaluate(text) {
            Ok(value) => panic!("{text} gave {value}"),
            Err(error) => assert_eq!(error.kind(), kind, "{text}: {error}"),
        }
    }
}

#[test]
fn the_documentation_lists_every_open_point_by_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = |text: &str, before: &str| -> BTreeSet<String> {
        text.split(before)
            .skip(1)
            .map(|rest| {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                format!("unproven_{}", &rest[..end.unwrap_or(rest.len())])
            })
            .collect()
    };
    let documented = std::fs::read_to_string(root.join("docs/expressions.md")).unwrap();
    let documented = names(&documented, "`unproven_");
    let tested: BTreeSet<String> = ["src/expression", "tests/suite/expression"]
        .iter()
        .flat_map(|folder| files_below(&root.join(folder)))
        .flat_map(|path| {
            names(
                &std::fs::read_to_string(path).unwrap(),
                "\n    fn unproven_",
            )
        })
        .chain(names(include_str!("unproven.rs"), "\nfn unproven_"))
        .collect();
    assert_eq!(documented, tested);
}

#[test]
fn unproven_an_exponent_without_suffix_is_a_double() {
    gives(&[("1e3", "1000"), ("2.5E-1", "0.25")]);
}

#[test]
fn unproven_a_hexadecimal_literal_does_not_become_negative() {
    fails(&["0xFFFFFFFF"], ErrorKind::Syntax);
}

#[test]
fn unproven_zeros_before_the_point_are_no_digits_of_a_numeric() {
    // The divisor 0.25 has precision 2, so the scale is 1 + 2 + 1, but at least 6.
    gives(&[
        ("1.0 / 0.25", "4.000000"),
        ("1.0 / 000000010.25", "0.097560"),
    ]);
}

#[test]
fn unproven_a_numeric_below_one_has_a_zero_before_the_point() {
    gives(&[(".5", "0.5"), ("(DT_WSTR,9)-.25", "-0.25")]);
}

#[test]
fn unproven_a_numeric_whose_scale_must_shrink_is_cut() {
    let wide = "(DT_NUMERIC,38,10)";
    gives(&[(&format!("{wide}1.9999999999 * {wide}1.0"), "1.999999")]);
    gives(&[
        ("(DT_NUMERIC,5,2)1.999", "1.99"),
        ("(DT_DECIMAL,2)-1.999", "-1.99"),
    ]);
}

#[test]
fn unproven_currency_keeps_four_places_and_rounds_to_even() {
    gives(&[
        ("(DT_CY)\"10\"", "10.0000"),
        ("(DT_CY)\"0.00005\"", "0.0000"),
        ("(DT_CY)\"0.00015\"", "0.0002"),
        ("(DT_CY)\"1\" / (DT_CY)\"3\"", "0.3333"),
    ]);
}

#[test]
fn unproven_a_double_has_fifteen_digits_and_an_exponent_from_the_sixteenth_on() {
    gives(&[
        ("1L / 3.0L", "0.333333333333333"),
        ("123456789012345.0L", "123456789012345"),
        ("1234567890123456.0L", "1.23456789012346E+15"),
        ("0.0001L", "0.0001"),
        ("0.00001L", "1E-05"),
        ("1.0F / 3.0F", "0.3333333"),
    ]);
}

#[test]
fn unproven_rounding_a_double_sees_its_fifteen_digits() {
    gives(&[
        ("ROUND(2.675L, 2)", "2.68"),
        ("ROUND(-2.5L, 0)", "-3"),
        ("ROUND(1E20L, 2)", "1E+20"),
    ]);
}

#[test]
fn unproven_rounding_a_numeric_goes_away_from_zero() {
    gives(&[("ROUND(-2.5, 0)", "-3.0"), ("ROUND(1.5, 999999)", "1.5")]);
}

#[test]
fn unproven_negative_numbers_are_hexadecimal_in_their_own_width() {
    gives(&[
        ("HEX(-1)", "FFFFFFFF"),
        ("HEX((DT_I2)-2)", "FFFE"),
        ("HEX(-1L)", "FFFFFFFFFFFFFFFF"),
    ]);
}

#[test]
fn unproven_true_does_not_fit_an_unsigned_type() {
    fails(&["(DT_UI1)TRUE", "(DT_UI4)TRUE"], ErrorKind::Value);
}

#[test]
fn unproven_a_guid_is_written_in_capitals_and_braces() {
    let written = "{01234567-89AB-CDEF-0123-456789ABCDEF}";
    gives(&[
        (
            &format!("(DT_WSTR,38)(DT_GUID)\"{}\"", written.to_lowercase()),
            written,
        ),
        ("(DT_GUID)\"01234567-89ab-cdef-0123-456789abcdef\"", written),
        (
            &format!("(DT_BYTES,16)(DT_GUID)\"{written}\""),
            "67452301AB89EFCD0123456789ABCDEF",
        ),
    ]);
}

#[test]
fn unproven_bytes_are_hexadecimal_digits() {
    gives(&[("(DT_WSTR,8)(DT_BYTES,4)\"00ff10Ab\"", "00FF10AB")]);
    fails(
        &[
            "(DT_BYTES,4)\"0\"",
            "(DT_BYTES,4)\"0x00\"",
            "(DT_BYTES,1)\"0000\"",
        ],
        ErrorKind::Value,
    );
}

#[test]
fn unproven_casts_that_nobody_has_shown_are_refused() {
    fails(
        &[
            "(DT_BYTES,4)5",
            "(DT_BYTES,8)5L",
            "(DT_R4)(DT_BYTES,4)\"00000000\"",
            "(DT_UI4)(DT_BYTES,4)\"00000000\"",
            "(DT_IMAGE)\"abc\"",
            "(DT_TEXT,1252)(DT_BYTES,1)\"41\"",
            "(DT_BYTES,4)(DT_IMAGE)(DT_BYTES,4)\"00\" == (DT_BYTES,4)\"00\" ? (DT_NTEXT)(DT_BYTES,1)\"41\" : (DT_NTEXT)\"\"",
        ],
        ErrorKind::Unproven,
    );
}

#[test]
fn unproven_orders_that_nobody_has_shown_are_refused() {
    let guid = "(DT_GUID)\"{01234567-89ab-cdef-0123-456789abcdef}\"";
    fails(
        &[
            "TRUE > FALSE",
            &format!("{guid} < {guid}"),
            "(DT_BYTES,1)\"00\" < (DT_BYTES,1)\"01\"",
        ],
        ErrorKind::Unproven,
    );
}

#[test]
fn unproven_characters_that_a_code_page_lacks_are_refused() {
    fails(
        &["(DT_STR,9,1252)\"Жук\"", "(DT_STR,9,437)\"ä\""],
        ErrorKind::Unproven,
    );
    // Below the root the cast is one to DT_WSTR, which has all characters.
    gives(&[("(DT_STR,9,1252)\"Жук\" + \"\"", "Жук")]);
}

#[test]
fn unproven_half_of_a_surrogate_pair_is_refused() {
    fails(
        &[
            "LEFT(\"😀\", 1)",
            "SUBSTRING(\"a😀\", 3, 1)",
            "RIGHT(\"😀\", 1)",
        ],
        ErrorKind::Unproven,
    );
    gives(&[("REVERSE(\"a😀b\")", "b😀a")]);
}

#[test]
fn unproven_casing_leaves_the_dotless_i_alone() {
    gives(&[("UPPER(\"ı\")", "ı"), ("LOWER(\"I\")", "i")]);
}

#[test]
fn unproven_occurrences_may_overlap() {
    gives(&[
        ("FINDSTRING(\"aaa\", \"aa\", 2)", "2"),
        ("REPLACE(\"aaa\", \"aa\", \"b\")", "ba"),
    ]);
}

#[test]
fn unproven_a_text_of_delimiters_has_no_token() {
    gives(&[
        ("TOKENCOUNT(\",,\", \",\")", "0"),
        ("TOKEN(\",,\", \",\", 1)", ""),
    ]);
    fails(
        &["TOKEN(\"a\", \",\", 0)", "TOKEN(\"a\", \",\", -1)"],
        ErrorKind::Value,
    );
}

#[test]
fn unproven_the_right_side_of_a_decided_condition_is_not_computed() {
    let zero = scope(r#"{"@User::zero": ["DT_I4", "0"]}"#);
    for (text, wanted) in [
        ("FALSE && 1 / @zero == 1", "False"),
        ("TRUE || 1 / @zero == 1", "True"),
        ("@zero == 0 ? 0 : 1 / @zero", "0"),
    ] {
        let value = Expression::parse(text).unwrap().evaluate(&zero).unwrap();
        assert_eq!(shown(&value, Locale::EN_US), wanted, "{text}");
    }
}

#[test]
fn unproven_a_constant_zero_fails_in_the_branch_that_is_not_chosen() {
    fails(
        &["TRUE ? 1 : 1 / 0", "FALSE && 1 / 0 == 1"],
        ErrorKind::Value,
    );
    // Other constant errors wait for their turn.
    gives(&[("TRUE ? 1 : (DT_I4)\"x\"", "1")]);
}

#[test]
fn unproven_both_branches_have_the_common_type() {
    gives(&[
        ("TRUE ? 1 : 2.5", "1.0"),
        (
            "TRUE ? (DT_DBDATE)\"2024-01-04\" : GETDATE()",
            "2024-01-04 00:00:00",
        ),
    ]);
}

#[test]
fn unproven_numbers_and_dates_too_long_for_their_string_are_errors() {
    fails(
        &[
            "(DT_WSTR,2)123",
            "(DT_WSTR,19)GETDATE()",
            "(DT_WSTR,5)(DT_DATE)GETDATE()",
        ],
        ErrorKind::Value,
    );
}

#[test]
fn unproven_a_string_length_is_not_limited() {
    gives(&[("LEN((DT_WSTR,9000)REPLICATE(\"x\", 9000))", "9000")]);
}

#[test]
fn unproven_texts_of_numbers_have_no_separators() {
    fails(
        &[
            "(DT_I4)\"1,000\"",
            "(DT_R8)\"1,5\"",
            "(DT_CY)\"$5\"",
            "(DT_I4)\"1.0\"",
            "(DT_NUMERIC,9,2)\"1e3\"",
        ],
        ErrorKind::Value,
    );
}

#[test]
fn unproven_booleans_are_two_words_or_numbers() {
    gives(&[
        ("(DT_BOOL)\" True \"", "True"),
        ("(DT_BOOL)\"-1\"", "True"),
        ("(DT_BOOL)\"0.0\"", "False"),
    ]);
    fails(
        &["(DT_BOOL)\"yes\"", "(DT_BOOL)\"T\"", "(DT_BOOL)\"\""],
        ErrorKind::Value,
    );
}

#[test]
fn unproven_date_texts_have_few_forms() {
    fails(
        &[
            "(DT_DBTIMESTAMP)\"2024-01-04T10:00:00\"",
            "(DT_DBTIMESTAMP)\"20240104\"",
            "(DT_DBTIMESTAMP)\"1/4/24\"",
            "(DT_DBTIMESTAMP)\"13/1/2024\"",
            "(DT_DBTIMESTAMP)\"Jan 4 2024\"",
            "(DT_DBTIMESTAMP)\"10:00:00\"",
            "(DT_DBDATE)\"10:00:00\"",
            "(DT_DBTIMESTAMP)\"2024-01-04 10:00:00 +1:00\"",
        ],
        ErrorKind::Value,
    );
    gives(&[
        ("(DT_DBDATE)\"2024-01-04 10:00:00\"", "2024-01-04"),
        ("(DT_DBTIME)\"2024-01-04 10:00:00\"", "10:00:00"),
        ("(DT_DBDATE)\"1/4/2024\"", "2024-01-04"),
        ("(DT_DATE)\"10:00\"", "10:00:00 AM"),
        ("(DT_DBTIMESTAMP)\"2024/1/4 7:5\"", "2024-01-04 07:05:00"),
    ]);
}

#[test]
fn unproven_an_ole_date_is_exact_to_the_millisecond() {
    gives(&[
        ("(DT_DBTIMESTAMP)(DT_DATE)0.1", "1899-12-30 02:24:00"),
        ("(DT_DBTIMESTAMP)(DT_DATE)-1.25", "1899-12-29 06:00:00"),
        (
            "(DT_DBTIMESTAMP)(DT_DATE)GETDATE()",
            "2026-11-24 09:07:03.456000000",
        ),
        (
            "(DT_DATE)(DT_DBTIMESTAMP)\"2024-01-04 10:00:00.900\"",
            "1/4/2024 10:00:00 AM",
        ),
    ]);
}

#[test]
fn unproven_a_time_of_day_is_put_on_the_current_date() {
    gives(&[
        (
            "(DT_DBTIMESTAMP)(DT_DBTIME)\"10:00:00\"",
            "2026-11-24 10:00:00",
        ),
        ("YEAR((DT_DBTIME)\"10:00:00\")", "2026"),
    ]);
}

#[test]
fn unproven_only_milliseconds_are_rounded_to_ticks() {
    gives(&[
        (
            "DATEADD(\"ss\", 1, (DT_DBTIMESTAMP)\"2024-01-04 10:00:00.456\")",
            "2024-01-04 10:00:01.456000000",
        ),
        (
            "DATEADD(\"ms\", 1, (DT_DBTIMESTAMP)\"2024-01-04 10:00:00\")",
            "2024-01-04 10:00:00",
        ),
        (
            "DATEADD(\"ms\", 0, (DT_DBTIMESTAMP)\"2024-01-04 10:00:00.999\")",
            "2024-01-04 10:00:01",
        ),
        (
            "DATEPART(\"ss\", (DT_DBTIMESTAMP)\"2024-01-04 10:00:00.999\")",
            "0",
        ),
        (
            "DATEDIFF(\"ms\", (DT_DBTIMESTAMP)\"2024-01-04\", (DT_DBTIMESTAMP)\"2024-01-04 00:00:00.456\")",
            "457",
        ),
    ]);
}

#[test]
fn unproven_weeks_begin_on_sunday() {
    gives(&[
        ("DATEPART(\"wk\", (DT_DBDATE)\"2023-01-01\")", "1"),
        ("DATEPART(\"wk\", (DT_DBDATE)\"2022-01-02\")", "2"),
        (
            "DATEDIFF(\"wk\", (DT_DBDATE)\"2024-01-06\", (DT_DBDATE)\"2024-01-07\")",
            "1",
        ),
        (
            "DATEDIFF(\"wk\", (DT_DBDATE)\"2024-01-07\", (DT_DBDATE)\"2024-01-13\")",
            "0",
        ),
        (
            "DATEDIFF(\"dw\", (DT_DBDATE)\"2024-01-01\", (DT_DBDATE)\"2024-01-04\")",
            "3",
        ),
    ]);
}

#[test]
fn unproven_timestamps_reach_from_year_one() {
    gives(&[(
        "DATEADD(\"yy\", -1000, (DT_DBDATE)\"2024-01-04\")",
        "1024-01-04 00:00:00",
    )]);
    fails(
        &[
            "DATEADD(\"yy\", -2024, (DT_DBDATE)\"2024-01-04\")",
            "(DT_DATE)(DT_DBDATE)\"0099-01-01\"",
        ],
        ErrorKind::Value,
    );
}

#[test]
fn unproven_the_newer_types_have_seven_fractional_digits_by_default() {
    gives(&[
        (
            "(DT_DBTIMESTAMP2)\"2024-01-04 10:00:00.5\"",
            "2024-01-04 10:00:00.5000000",
        ),
        ("(DT_DBTIME2)\"10:00:00\"", "10:00:00.0000000"),
    ]);
}

#[test]
fn unproven_functions_take_the_newer_date_types_that_are_no_literals() {
    gives(&[
        ("DAY((DT_DBTIMESTAMP2,3)GETDATE())", "24"),
        ("DATEPART(\"dd\", (DT_DBTIMESTAMP2,0)\"2024-01-04\")", "4"),
    ]);
}

#[test]
fn unproven_a_replacement_may_be_longer_than_what_it_replaces() {
    gives(&[("REPLACENULL(NULL(DT_WSTR,1), \"longer\")", "longer")]);
}

#[test]
fn unproven_only_an_assignment_at_the_root_is_one() {
    fails(
        &["1 + (@x = 2)", "(@x = 2)", "@x = @y = 1"],
        ErrorKind::Syntax,
    );
}

#[test]
fn unproven_function_names_may_stand_in_brackets() {
    gives(&[("[LEN](\"abc\")", "3")]);
}

#[test]
fn unproven_there_are_no_comments() {
    fails(
        &["1 // one", "1 /* one */", "1 -- // one"],
        ErrorKind::Syntax,
    );
}
