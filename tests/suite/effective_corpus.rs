//! Every expression in the packages that `DTSX_CORPUS` names, evaluated in its place, and held against its sample.

use std::collections::BTreeMap;

use dtsx::effective::{Certainty, Given, PackageValues};
use dtsx::package::{Target, Variable};

use crate::effective::looked;
use crate::support::{corpus, files_below};

#[derive(Default)]
struct Counts {
    certainties: BTreeMap<&'static str, usize>,
    agree: usize,
    differ: Vec<String>,
    failures: Vec<String>,
    unexplained: Vec<String>,
}

#[test]
fn expressions_of_the_corpus_evaluate_unless_something_is_missing_that_is_named() {
    let Some(corpus) = corpus() else {
        return;
    };
    let mut counts = Counts::default();
    let mut packages = 0;
    for path in files_below(&corpus) {
        let is_package = path
            .extension()
            .is_some_and(|it| it.eq_ignore_ascii_case("dtsx"));
        if !is_package {
            continue;
        }
        packages += 1;
        looked(&path, &Given::default(), |values| {
            count(values, &mut counts);
        });
    }
    println!("{packages} packages: {:?}", counts.certainties);
    println!(
        "{} samples agree, {} differ",
        counts.agree,
        counts.differ.len()
    );
    for line in &counts.differ {
        println!("differs: {line}");
    }
    for line in &counts.failures {
        println!("fails: {line}");
    }
    assert!(packages > 0);
    assert!(counts.unexplained.is_empty(), "{:#?}", counts.unexplained);
}

/// Booleans are stored as `0` and `-1` too.
fn is_same(sample: &str, value: &str) -> bool {
    let boolean = dtsx::package::boolean;
    sample.replace("\r\n", "\n") == value.replace("\r\n", "\n")
        || boolean(sample).is_some() && boolean(sample) == boolean(value)
}

fn count(values: &PackageValues<'_>, counts: &mut Counts) {
    let Some(package) = values.at().package() else {
        return;
    };
    let root = package.object().node();
    let mut see = |target: Target<'_>, property: &str, of: dtsx::effective::Effective| {
        let sample = target.stored_value(property).map(|it| it.text.into_owned());
        *counts.certainties.entry(of.certainty.name()).or_default() += 1;
        let name = format!(
            "{}: {} {property}",
            values.at().file.label,
            target.object().name()
        );
        let reason = of.reason.clone().unwrap_or_default();
        if of.certainty == Certainty::Unknown {
            if reason.contains("the expression fails") || reason.contains("0xC00") {
                counts.failures.push(format!("{name}: {reason}"));
            } else if of.depends_on.is_empty() && of.set_at_run_time_by.is_empty() {
                counts.unexplained.push(format!("{name}: {reason}"));
            }
            return;
        }
        match (sample, of.value) {
            (Ok(sample), Some(value)) if is_same(&sample, &value) => {
                counts.agree += 1;
            }
            (Ok(sample), value) => {
                let short = |text: &str| text.chars().take(60).collect::<String>();
                counts.differ.push(format!(
                    "{name} ({}): `{}` is `{}`",
                    of.certainty.name(),
                    short(&sample),
                    short(&value.unwrap_or_default())
                ));
            }
            (Err(_), _) => {}
        }
    };
    for node in std::iter::once(root).chain(root.descendants()) {
        if node.is(dtsx::package::DTS, "Variable") {
            let variable = Variable::new(dtsx::package::Object::new(node));
            if variable.is_evaluated() && variable.expression().is_some() {
                let target = Target::Variable(variable);
                if let Ok(of) = values.property(values.at().file, target, "Value") {
                    see(target, "Value", of);
                }
            }
        }
    }
    for task in package.executables() {
        let target = Target::Executable(task);
        for expression in task.object().property_expressions() {
            let property = expression.property();
            if let Ok(of) = values.property(values.at().file, target, &property) {
                see(target, &property, of);
            }
        }
    }
    for manager in package.connection_managers() {
        let target = Target::ConnectionManager(manager);
        for expression in manager.object().property_expressions() {
            let property = expression.property();
            if let Ok(of) = values.property(values.at().file, target, &property) {
                see(target, &property, of);
            }
        }
    }
}
