//! Names of expressions in the scope of an object.

use std::cell::RefCell;
use std::rc::Rc;

use crate::expression::{Expression, Locale, Lookup, Moment, Name, Reason, Scope, Value};
use crate::package::Target;
use crate::xml::Node;

use super::origin::{Certainty, Link, Origin};
use super::package::{Named, PackageValues};
use super::valued::{Valued, is_unknown, reason};

/// The scope of an object of a package: its variables, those of what is around it, parameters and system variables.
pub struct ObjectScope<'v, 'a> {
    values: &'v PackageValues<'a>,
    /// The object; `None` for what belongs to the project and sees only its parameters.
    at: Option<Node<'a>>,
    defaults: Defaults,
    secrets: Secrets,
    asked: RefCell<Vec<(String, Rc<Valued>)>>,
}

/// Whether a default that something may replace counts as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Defaults {
    Taken,
    Doubted,
}

/// Whether sensitive parameters may be read: SSIS lets only sensitive properties do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secrets {
    Readable,
    Refused,
}

impl<'v, 'a> ObjectScope<'v, 'a> {
    pub(super) fn new(
        values: &'v PackageValues<'a>,
        at: Option<Node<'a>>,
        secrets: Secrets,
    ) -> ObjectScope<'v, 'a> {
        ObjectScope {
            values,
            at,
            defaults: Defaults::Taken,
            secrets,
            asked: RefCell::default(),
        }
    }

    /// Why values that expressions have asked for so far are only assumed.
    pub fn assumptions(&self) -> Vec<String> {
        let asked = self.asked.borrow();
        let assumed = asked
            .iter()
            .filter(|(_, it)| it.certainty == Certainty::Assumed);
        let mut reasons: Vec<String> = assumed.filter_map(|(_, it)| it.reason.clone()).collect();
        reasons.dedup();
        reasons
    }
}

impl Scope for ObjectScope<'_, '_> {
    fn variable(&self, name: &Name<'_>) -> Lookup {
        let valued = match self.values.named(self.at, name.namespace, name.name) {
            Named::Found(valued) => valued,
            Named::Several => return Lookup::Ambiguous,
            Named::Missing => return Lookup::Missing,
        };
        let answer = match &valued.lookup {
            Lookup::Found(_) if valued.is_sensitive && self.secrets == Secrets::Refused => {
                Lookup::Unreadable(
                    "it is sensitive, and only sensitive properties may read it".to_owned(),
                )
            }
            Lookup::Found(value)
                if valued.certainty == Certainty::Assumed && self.defaults == Defaults::Doubted =>
            {
                Lookup::Unknown {
                    data_type: Some(value.data_type()),
                    reason: reason(valued.reason.as_deref().unwrap_or("it may be replaced")),
                }
            }
            lookup => lookup.clone(),
        };
        self.asked.borrow_mut().push((name.to_string(), valued));
        answer
    }

    fn now(&self) -> Result<Moment, Reason> {
        match &self.values.unit().given().now {
            Some((now, _)) => Ok(*now),
            None => Err(reason(
                "the clock is not read here (`--now` gives the time)",
            )),
        }
    }

    fn locale(&self) -> Locale {
        self.values.locale(self.at)
    }

    fn variable_names(&self) -> Vec<String> {
        self.values.names(self.at)
    }
}

impl<'a> PackageValues<'a> {
    /// The scope of an object of the package.
    pub fn scope(&self, target: Target<'a>) -> ObjectScope<'_, 'a> {
        let at = super::find_variable::owner_of(target.node());
        ObjectScope::new(self, at, Secrets::Refused)
    }

    /// The value of an expression at an object.
    pub(super) fn evaluate(&self, text: &str, at: Option<Node<'a>>, secrets: Secrets) -> Valued {
        let expression = match Expression::parse(text) {
            Ok(expression) => expression,
            Err(error) => return Valued::failed(&error, text, None),
        };
        let scope = ObjectScope::new(self, at, secrets);
        let result = expression.evaluate(&scope);
        let asked = scope.asked.take();
        let mut valued = match result {
            Ok(value) => self.with_doubts(&expression, value, at, secrets, &asked),
            Err(error) if is_unknown(&error) => {
                let data_type = expression.check(&scope).ok();
                // The reason itself; who asked for the value is in the chain.
                let why = match error.reason() {
                    Some(reason) => reason.to_string(),
                    None => error.message().to_owned(),
                };
                let mut valued = Valued::unknown(data_type, Origin::Expression, why, None);
                valued.text = expression
                    .outline(&scope)
                    .ok()
                    .flatten()
                    .map(|text| filled(text, &asked));
                for (_, of) in asked
                    .iter()
                    .filter(|(_, it)| it.certainty != Certainty::Known)
                {
                    valued.absorb_doubt(of);
                }
                if error.reason().is_some()
                    && reads_clock(&expression)
                    && self.unit().given().now.is_none()
                {
                    valued.depends_on.push("GETDATE()".to_owned());
                }
                valued
            }
            Err(error) => Valued::failed(&error, text, expression.check(&scope).ok()),
        };
        for (_, of) in &asked {
            valued.absorb(of);
        }
        if reads_clock(&expression)
            && let Some((_, super::given::GivenBy::Machine)) = self.unit().given().now
        {
            valued.chain.push(Link {
                kind: Origin::Machine,
                path: "GETDATE()".to_owned(),
                file: None,
                place: None,
            });
        }
        valued
    }

    /// A value is only as sure as what it depends on; whether it does, a second evaluation tells that takes no default
    /// for granted: `TRUE ? 1 : @[User::Later]` is 1 whatever the variable is.
    fn with_doubts(
        &self,
        expression: &Expression<'_>,
        value: Value,
        at: Option<Node<'a>>,
        secrets: Secrets,
        asked: &[(String, Rc<Valued>)],
    ) -> Valued {
        let mut valued = Valued::found(value, Origin::Expression);
        if asked
            .iter()
            .all(|(_, it)| it.certainty != Certainty::Assumed)
        {
            return valued;
        }
        let doubting = ObjectScope {
            defaults: Defaults::Doubted,
            ..ObjectScope::new(self, at, secrets)
        };
        if expression.evaluate(&doubting).is_ok() {
            return valued;
        }
        valued.certainty = Certainty::Assumed;
        for (_, of) in asked
            .iter()
            .filter(|(_, it)| it.certainty == Certainty::Assumed)
        {
            valued.absorb_doubt(of);
        }
        valued
    }
}

/// The text with what is known of the unknown pieces in their places.
fn filled(mut text: String, asked: &[(String, Rc<Valued>)]) -> String {
    /// An outline of outlines must not grow without bound.
    const LONGEST: usize = 16 << 10;
    for (name, of) in asked {
        if let Some(inner) = &of.text
            && text.len() + inner.len() < LONGEST
        {
            text = text.replacen(&format!("⟨{name}⟩"), inner, 1);
        }
    }
    text
}

fn reads_clock(expression: &Expression<'_>) -> bool {
    use crate::expression::{Function, NodeKind};
    expression.nodes().any(|node| {
        matches!(
            node.kind(),
            NodeKind::Call(call) if matches!(call.function, Some(Function::GetDate | Function::GetUtcDate))
        )
    })
}
