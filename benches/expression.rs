//! How long an expression takes: `cargo bench --bench expression`.
//!
//! Each line is the best of several runs, in nanoseconds for one parse or evaluation; the last lines are ratios that
//! must not grow with the size of the expression.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::Instant;

use dtsx::expression::{Bindings, Expression, Moment, Value};

const SUBJECT: &str = r#""Package " + @[System::PackageName] + " failed on " + @[System::MachineName] + ", rows: " + (DT_WSTR,10)@[User::RowCount]"#;
const FILE_NAME: &str = r#"@[User::Folder] + "\\report_" + (DT_WSTR,4)YEAR(GETDATE()) + RIGHT("0" + (DT_WSTR,2)MONTH(GETDATE()),2) + RIGHT("0" + (DT_WSTR,2)DAY(GETDATE()),2) + ".csv""#;
const BODY: &str = r#""Started " + (DT_WSTR,30)@[System::StartTime] + "\nFinished " + (DT_WSTR,30)GETDATE() + "\nTook " + (DT_WSTR,10)DATEDIFF("ss", @[System::StartTime], GETDATE()) + " s""#;
const PRICE: &str = "ROUND((@[User::Price] * 1.19 - 0.50) / 3, 2) > 10.25 ? TRUE : FALSE";
const ORDER: &str = r#"@[System::PackageName] < "Nightly""#;

fn main() {
    let scope = scope();
    println!("{:<24}{:>12}{:>12}{:>12}", "", "parse", "evaluate", "both");
    for (name, text) in [
        ("mail subject", SUBJECT),
        ("dated file name", FILE_NAME),
        ("mail body", BODY),
        ("DT_NUMERIC arithmetic", PRICE),
        ("order of strings", ORDER),
    ] {
        let expression = Expression::parse(text).unwrap();
        let parse = best(|| drop(black_box(Expression::parse(black_box(text)).unwrap())));
        let evaluate = best(|| drop(black_box(expression.evaluate(black_box(&scope)).unwrap())));
        let both = best(|| {
            let expression = Expression::parse(black_box(text)).unwrap();
            drop(black_box(expression.evaluate(&scope).unwrap()));
        });
        println!("{name:<24}{parse:>9.0} ns{evaluate:>9.0} ns{both:>9.0} ns");
    }

    for (name, make) in [
        ("sum of strings", sum as fn(usize) -> String),
        ("parentheses", nested),
    ] {
        let (small, large) = (make(50), make(500));
        let time = |text: &str| {
            best(|| {
                drop(black_box(
                    Expression::parse(text).unwrap().evaluate(&scope).unwrap(),
                ))
            })
        };
        let (a, b) = (time(&small), time(&large));
        println!(
            "{name:<24} 50: {a:.0} ns, 500: {b:.0} ns, ratio {:.1} (10 is linear)",
            b / a
        );
    }
}

fn scope() -> Bindings {
    let now = "2026-11-24T09:00:00.123".parse().unwrap();
    let mut scope = Bindings::new();
    scope.set_now(Moment {
        local: now,
        utc: now,
    });
    scope.bind("System::PackageName", Value::text("LoadWarehouse"));
    scope.bind("System::MachineName", Value::text("ETL01"));
    scope.bind(
        "System::StartTime",
        Value::date("2026-11-24T08:30:00".parse().unwrap()),
    );
    scope.bind("User::RowCount", Value::i4(12_345));
    scope.bind("User::Folder", Value::text("C:\\out"));
    scope.bind("User::Price", Value::i4(42));
    scope
}

fn sum(terms: usize) -> String {
    vec!["\"abc\""; terms].join(" + ")
}

fn nested(levels: usize) -> String {
    format!("{}1{}", "(".repeat(levels), ")".repeat(levels))
}

/// Nanoseconds of one call, in the fastest of some batches.
fn best(mut call: impl FnMut()) -> f64 {
    const CALLS: u32 = 2_000;
    let mut best = f64::INFINITY;
    for _ in 0..15 {
        let start = Instant::now();
        for _ in 0..CALLS {
            call();
        }
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(CALLS));
    }
    best
}
