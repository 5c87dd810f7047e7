//! SM019: an expression that cannot be evaluated.

use crate::expression::{ErrorKind, Expression};
use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};
use crate::package::{FileKind, Target};
use crate::source::Decoded;

rule! {
    /// An expression cannot be evaluated
    ///
    /// ## What it does
    /// Parses and types every property expression of tasks, containers, event handlers and connection managers, the
    /// expressions of variables that are computed, and those of precedence constraints that use them, in the scope that
    /// they have: unknown variables and parameters, unknown functions, types that do not fit, text that is no expression.
    /// References to project parameters are left alone where no parameters of a project are beside the package.
    ///
    /// ## Why it matters
    /// The package fails, at validation or at the moment the property is read, with 0xC0017003 and the like.
    ///
    /// ## Example
    /// ```text
    /// @[User::Recipents] + ";dba@example.com"          (the variable is User::Recipients)
    /// ```
    ///
    /// ## Instead
    /// Choose the variable in the Expression Builder, which checks as it goes. `dtsx eval --in FILE` shows what an
    /// expression gives.
    ///
    /// ## References
    /// - Expressions: <https://learn.microsoft.com/en-us/sql/integration-services/expressions/integration-services-ssis-expressions>
    /// - Errors: <https://learn.microsoft.com/en-us/sql/integration-services/integration-services-error-and-message-reference>
    SM019 "expression-unresolved" {
        category: Failure,
        severity: Error,
        tier: First,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    let objects = at.objects();
    let managers = at.connection_managers();
    let targets = managers
        .iter()
        .map(|it| Target::ConnectionManager(*it))
        .chain(objects.executables.iter().map(|it| Target::Executable(*it)))
        .chain(objects.handlers.iter().map(|it| Target::EventHandler(*it)));
    for target in targets {
        for expression in target.object().property_expressions() {
            let property = expression.property();
            report(at, target, &property, expression.stored().text(), found);
        }
    }
    let containers = objects.executables.iter().map(|it| Target::Executable(*it));
    let handlers = objects.handlers.iter().map(|it| Target::EventHandler(*it));
    for target in containers.chain(handlers) {
        for constraint in target.object().precedence_constraints() {
            // 2, which is also meant where nothing is written, asks for the result alone.
            let uses_expression = constraint
                .text("EvalOp")
                .is_some_and(|it| matches!(it.trim(), "1" | "3" | "4"));
            if uses_expression && let Some(expression) = constraint.property("Expression") {
                let property = "PrecedenceConstraints";
                report(at, target, property, expression.text(), found);
            }
        }
    }
    for variable in &objects.variables {
        if variable.is_evaluated()
            && let Some(expression) = variable.expression()
        {
            report(
                at,
                Target::Variable(*variable),
                "Expression",
                expression.text(),
                found,
            );
        }
    }
}

fn report<'a>(
    at: &InFile<'a>,
    target: Target<'a>,
    property: &str,
    text: Decoded<'a>,
    found: &mut Findings<'_, '_>,
) {
    let scope = at.values.scope(target);
    let fault = match Expression::parse(&text.text) {
        Err(error) => error,
        Ok(expression) => {
            let reads_project = expression.names().any(|name| {
                name.namespace
                    .is_some_and(|it| it.eq_ignore_ascii_case("$Project"))
            });
            let has_parameters = at.at.context.of_kind(FileKind::Parameters).next().is_some();
            if reads_project && !has_parameters {
                return;
            }
            match expression.check(&scope) {
                Err(error) => error,
                Ok(_) => return,
            }
        }
    };
    let is_certain = matches!(
        fault.kind(),
        ErrorKind::Syntax | ErrorKind::Incomplete | ErrorKind::Name | ErrorKind::Type
    );
    if !is_certain {
        return;
    }
    let help = fault
        .help()
        .map_or(String::new(), |help| format!(" ({help})"));
    let message = format!(
        "the expression cannot be evaluated: {}{help}",
        fault.message()
    );
    let span = fault.span().range();
    let place = match span.is_empty() {
        true => text.raw(),
        false => text.raw_span(span),
    };
    found.report(Draft::at(target, property, place, message));
}
