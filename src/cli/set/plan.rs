//! What a `set` changes: the edits of the file, those of the copies that follow, and what the user should know.

use std::borrow::Cow;
use std::path::Path;

use dtsx::connection_string::{SmtpProperty, is_secret_key, masked, masked_within, secrets_within};
use dtsx::effective::{
    Certainty, Effective, Given, Origin, PackageValues, UnitValues, set_everywhere,
};
use dtsx::package::{
    ConnectionManager, FileKind, ModelChanges, SendMailTaskModel, SetError, SmtpManagerModel,
    Target, holds_literal,
};
use dtsx::project::{
    Changes, File, Following, InContext, Located, Place, Recopied, count_copies, follow,
    follow_parameter, other_build_values, recopy, uncopy,
};
use dtsx::report::json::set::SetPlace;
use dtsx::xml::Edit;

use super::super::model::model as model_of;
use super::super::streams::Refusal;
use super::SetArgs;

/// What is to be changed.
pub(super) struct Planned {
    pub(super) changes: Changes,
    /// What is stored, where it may be shown.
    pub(super) old: Option<String>,
    /// What is to be stored, where it may be shown.
    pub(super) new: Option<String>,
    /// With `--everywhere`, what gets the value.
    pub(super) places: Vec<SetPlace>,
    pub(super) warnings: Vec<String>,
}

pub(super) fn plan(
    args: &SetArgs,
    at: InContext<'_>,
    located: &Located<'_>,
) -> Result<Planned, Refusal> {
    let mut plan = Plan {
        path: &args.path,
        at,
        located,
        planned: Planned {
            changes: Changes::new(),
            old: None,
            new: None,
            places: Vec::new(),
            warnings: Vec::new(),
        },
    };
    if let Some(model) = &args.model {
        plan.model(model)?;
        return Ok(plan.planned);
    }
    let stored = located.stored().map_err(|error| plan.tell(&error))?;
    let is_sensitive = stored.as_ref().is_some_and(|stored| stored.is_sensitive);
    if is_sensitive && !args.expression && !args.values.is_given() {
        return Err(Refusal::usage(format!(
            "{}: the value is a secret: give it with --value-env, --value-file or --value-stdin, because arguments \
             are seen by others",
            args.path
        )));
    }
    let value = match (&args.value, args.values.value()?) {
        (Some(value), None) => value.clone(),
        (None, Some(value)) => value,
        (Some(_), Some(_)) => return Err(Refusal::usage("there are two values: give one")),
        (None, None) => {
            return Err(Refusal::usage("there is no value: give VALUE or --value-…"));
        }
    };
    let is_argument = !args.values.is_given();
    if let Some(secret) = secrets_within(&value).first().filter(|_| is_argument) {
        return Err(Refusal::usage(format!(
            "{}: the value holds a secret (`{}`): give it with --value-env, --value-file or --value-stdin, because \
             arguments are seen by others",
            args.path, secret.key
        )));
    }
    let result = match (args.expression, args.everywhere) {
        (true, _) => plan.expression(&value),
        (false, true) => plan.everywhere(&value),
        (false, false) => plan.value(&value),
    };
    // What was not given as an argument may be a secret, also where the property is none.
    result.map_err(|refusal| match args.values.is_given() {
        true => Refusal {
            message: without(&refusal.message, &value),
            ..refusal
        },
        false => refusal,
    })?;
    if args.values.is_given() {
        (plan.planned.old, plan.planned.new) = (None, None);
        for place in &mut plan.planned.places {
            (place.old, place.new) = (None, None);
        }
    }
    Ok(plan.planned)
}

fn without(message: &str, value: &str) -> String {
    match value {
        "" => message.to_owned(),
        value => message.replace(value, dtsx::secret::MASK),
    }
}

struct Plan<'p, 'a> {
    path: &'p str,
    at: InContext<'a>,
    located: &'p Located<'a>,
    planned: Planned,
}

impl<'a> Plan<'_, 'a> {
    fn tell(&self, error: &SetError) -> Refusal {
        Refusal::usage(format!("{}: {error}", self.path))
    }

    fn warn(&mut self, text: &str) {
        self.planned
            .warnings
            .push(masked_within(text).0.into_owned());
    }

    fn add(&mut self, file: &File, edits: Vec<Edit>) -> Result<(), Refusal> {
        let added = self.planned.changes.add(file.id, edits);
        added.map_err(|overlap| Refusal::usage(format!("{}: {overlap}", self.path)))
    }

    fn add_all(&mut self, following: Result<Following<'a>, SetError>) -> Result<(), Refusal> {
        for (file, edits) in following.map_err(|error| self.tell(&error))? {
            self.add(file, edits)?;
        }
        Ok(())
    }

    /// One value.
    fn value(&mut self, value: &str) -> Result<(), Refusal> {
        let stored = self.located.stored().map_err(|error| self.tell(&error))?;
        let edits = self.located.set(value).map_err(|error| self.tell(&error))?;
        self.add(self.located.file, edits)?;
        let property = stored.map_or_else(String::new, |stored| {
            if !stored.is_sensitive {
                let shown = |text| shown(&stored.property, text).into_owned();
                self.planned.old = Some(shown(&stored.text));
                self.planned.new = Some(shown(value));
            }
            stored.property.into_owned()
        });
        let Place::Object(target) = self.located.place else {
            return Ok(());
        };
        self.warn_of_winners(target, &property);
        match target {
            Target::ConnectionManager(manager) => {
                let values = [(property.as_str(), value)];
                self.add_all(follow(self.at, self.located.file, manager, &values, &[]))?;
                if property == "Name" {
                    self.warn_of_copies(manager, value);
                }
            }
            Target::Parameter(parameter) => {
                let file = self.located.file;
                self.add_all(follow_parameter(self.at, file, parameter, value))?;
                for (file, configuration) in other_build_values(self.at, parameter, value) {
                    self.warn(&format!(
                        "a build of the configuration `{configuration}` gives the parameter another value: see \
                         `ParameterConfigurationValues` in {}",
                        file.label
                    ));
                }
            }
            _ => {}
        }
        self.warn_of_references(target, &property);
        Ok(())
    }

    /// One value, in every place that keeps it.
    fn everywhere(&mut self, value: &str) -> Result<(), Refusal> {
        let Place::Object(target) = self.located.place else {
            return Err(Refusal::usage(format!(
                "{}: a copy or an entry of a configuration is one place: name the object with `--everywhere`",
                self.path
            )));
        };
        let stored = self.located.stored().map_err(|error| self.tell(&error))?;
        let Some(stored) = stored else {
            // There is nothing to set; the setter knows how to say it.
            let error = self.located.set(value).err();
            return Err(error.map_or_else(
                || Refusal::usage("name a property"),
                |error| self.tell(&error),
            ));
        };
        let property = stored.property.into_owned();
        let at = InContext {
            context: self.at.context,
            file: self.located.file,
        };
        let all =
            set_everywhere(at, target, &property, value).map_err(|error| self.tell(&error))?;
        if !all.decides {
            let why: Vec<String> = all.stays.into_iter().map(|it| it.why).collect();
            let why = masked_within(&why.join("; ")).0.into_owned();
            return Err(Refusal::usage(format!(
                "{}: no place keeps the value as a whole: {why}",
                self.path
            )));
        }
        let is_secret = stored.is_sensitive || is_secret_key(&property);
        let text = |text: &str| (!is_secret).then(|| shown(&property, text).into_owned());
        self.planned.old = text(&stored.text);
        self.planned.new = text(value);
        self.planned.places = all
            .places
            .into_iter()
            .map(|place| SetPlace {
                path: place.file.to_string(),
                object: place.path,
                kind: place.kind.name(),
                old: text(&place.old),
                new: text(&place.new),
                why: masked_within(&place.why).0.into_owned(),
            })
            .collect();
        for stays in all.stays {
            self.warn(&format!(
                "not changed: {} {}: {}",
                stays.file, stays.path, stays.why
            ));
        }
        if self.located.file.kind == FileKind::PackagePart {
            self.warn(PART);
        }
        self.planned.changes = all.changes;
        Ok(())
    }

    /// The expression that computes a property; an empty one goes.
    fn expression(&mut self, expression: &str) -> Result<(), Refusal> {
        let Place::Object(target) = self.located.place else {
            return Err(Refusal::usage(
                "only objects of packages and projects have expressions",
            ));
        };
        let Some(property) = self.located.property.as_deref() else {
            let error = self.located.set(expression).err();
            return Err(
                error.map_or_else(|| Refusal::usage("name a property"), |it| self.tell(&it))
            );
        };
        let edits = target
            .set_computed(property, expression)
            .map_err(|error| self.tell(&error))?;
        self.add(self.located.file, edits)?;
        let stored = target
            .stored_value(property)
            .map_err(|error| self.tell(&error))?;
        let present = match target {
            Target::Variable(variable) => variable
                .expression()
                .map(|stored| stored.text().text.into_owned()),
            _ => stored.expression.map(|it| it.text().into_owned()),
        };
        if !stored.is_sensitive {
            self.planned.old = Some(shown("", present.as_deref().unwrap_or_default()).into_owned());
            self.planned.new = Some(shown("", expression).into_owned());
        }
        if let Target::ConnectionManager(manager) = target {
            let change = (!expression.is_empty()).then_some(expression);
            self.recopy(manager, &stored.property, change)?;
        }
        Ok(())
    }

    /// A property under an expression has no copies.
    fn recopy(
        &mut self,
        manager: ConnectionManager<'a>,
        property: &str,
        expression: Option<&str>,
    ) -> Result<(), Refusal> {
        let file = self.located.file;
        let Recopied { edits, missing } = match expression {
            Some(_) => uncopy(self.at, file, manager, property),
            None => {
                let stored = Target::ConnectionManager(manager).stored_value(property);
                let stored = stored.map_err(|error| self.tell(&error))?;
                recopy(self.at, file, manager, property, &stored.text)
                    .map_err(|error| self.tell(&error))?
            }
        };
        self.add_all(Ok(edits))?;
        for project in missing {
            self.warn(&format!(
                "{} should hold a copy `CM.{}.{property}` now, and holds no other copy to make one from: build the \
                 project",
                project.label,
                manager.object().name()
            ));
        }
        Ok(())
    }

    /// What a file says that an object shall be.
    fn model(&mut self, path: &Path) -> Result<(), Refusal> {
        let (edits, changes, target) = match self.located.place {
            Place::Object(target @ Target::ConnectionManager(manager)) if manager.is_smtp() => {
                let model: SmtpManagerModel = model_of(path)?;
                let changes = model.changes(manager).map_err(|error| self.tell(&error))?;
                (model.edits(manager), changes, target)
            }
            Place::Object(target @ Target::Executable(executable))
                if let Some(task) = executable.send_mail() =>
            {
                let model: SendMailTaskModel = model_of(path)?;
                let changes = model.changes(task).map_err(|error| self.tell(&error))?;
                (model.edits(task), changes, target)
            }
            _ => {
                return Err(Refusal::usage(format!(
                    "{}: only SMTP connection managers and Send Mail tasks have a model",
                    self.path
                )));
            }
        };
        if self.located.property.is_some() {
            return Err(Refusal::usage(format!(
                "{}: a model is of an object as a whole: leave `.Properties[…]` out",
                self.path
            )));
        }
        let edits = edits.map_err(|error| self.tell(&error))?;
        self.add(self.located.file, edits)?;
        self.follow_model(target, &changes)
    }

    fn follow_model(&mut self, target: Target<'a>, changes: &ModelChanges) -> Result<(), Refusal> {
        for (property, value) in &changes.properties {
            let comes = |(name, _): &(String, Option<String>)| name.eq_ignore_ascii_case(property);
            if !changes.expressions.iter().any(comes) {
                self.warn_of_winners(target, property);
            }
            self.warn_of_references(target, property);
            if let Target::ConnectionManager(manager) = target
                && *property == "Name"
            {
                self.warn_of_copies(manager, value);
            }
        }
        let Target::ConnectionManager(manager) = target else {
            return Ok(());
        };
        let values: Vec<_> = changes
            .properties
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let comes =
            |(name, text): &'_ (String, Option<String>)| text.as_ref().map(|_| name.clone());
        let uncopied: Vec<String> = changes.expressions.iter().filter_map(comes).collect();
        let uncopied: Vec<&str> = uncopied.iter().map(String::as_str).collect();
        self.add_all(follow(
            self.at,
            self.located.file,
            manager,
            &values,
            &uncopied,
        ))?;
        for (property, expression) in &changes.expressions {
            let new = changes
                .properties
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(property));
            match (expression, new) {
                // The copy holds what the same model stores.
                (None, Some((name, value))) => {
                    let file = self.located.file;
                    let made = recopy(self.at, file, manager, name, value)
                        .map_err(|error| self.tell(&error))?;
                    self.add_all(Ok(made.edits))?;
                }
                (expression, _) => self.recopy(manager, property, expression.as_deref())?,
            }
        }
        Ok(())
    }

    fn warn_of_winners(&mut self, target: Target<'a>, property: &str) {
        let given = Given::default();
        let unit = UnitValues::new(self.at.context, &given);
        let values = PackageValues::new(self.at, &unit);
        let file = self.located.file;
        let of = |property: &str| {
            let effective = values.property(file, target, property).ok()?;
            winner(target, property, &effective)
        };
        let whole = of(property);
        let mut warnings: Vec<String> = Vec::new();
        warnings.extend(whole.as_ref().map(|why| format!("the stored value {why}")));
        if let Target::ConnectionManager(manager) = target
            && property == "ConnectionString"
        {
            let parts: Vec<&str> = match manager.is_smtp() {
                true => SmtpProperty::ALL.map(SmtpProperty::key).into(),
                false => vec!["ServerName", "InitialCatalog", "UserName", "Password"],
            };
            for part in parts {
                if let Some(why) = of(part).filter(|why| Some(why) != whole.as_ref()) {
                    warnings.push(format!("`{part}` of the stored value {why}"));
                }
            }
        }
        for warning in warnings {
            self.warn(&warning);
        }
        if self.located.file.kind == FileKind::PackagePart {
            self.warn(PART);
        }
    }

    fn warn_of_copies(&mut self, manager: ConnectionManager<'_>, new: &str) {
        let old = manager.object().name();
        if old == new {
            return;
        }
        for (file, count) in count_copies(self.at, self.located.file, manager) {
            self.warn(&format!(
                "{} keeps {count} copies named `CM.{old}.…`, which belong to no connection manager now: build the \
                 project, or rename it in the designer",
                file.label
            ));
        }
    }

    /// Others know an object by its name or its id.
    fn warn_of_references(&mut self, target: Target<'_>, property: &str) {
        let what = match (target, property) {
            (Target::ConnectionManager(_), "Name") => {
                "`refId`, configurations and expressions that name the connection manager keep the old name"
            }
            (Target::Variable(_), "Name") => {
                "expressions, tasks and configurations that name the variable keep the old name"
            }
            (_, "Name") => {
                "`refId`, precedence constraints and configurations that name the object keep the old name"
            }
            (_, "ID") => "what refers to the object by its old id finds it no more",
            _ => return,
        };
        self.warn(what);
    }
}

/// A text that may be shown.
fn shown<'t>(property: &str, text: &'t str) -> Cow<'t, str> {
    if property == "ConnectionString" {
        masked(text).0
    } else {
        masked_within(text).0
    }
}

const PART: &str =
    "the packages that use this package part hold copies of it, which stay as they are";

/// What takes the place of a stored value, or may. The expression of a secret property may hold the secret.
fn winner(target: Target<'_>, property: &str, effective: &Effective) -> Option<String> {
    if let Some(by) = &effective.decided_by {
        let object = target.object();
        let expression = object.property_expression(property);
        let holds_secret = effective.origin == Origin::Expression
            && is_secret_key(property)
            && expression.is_some_and(|it| holds_literal(&it.text()));
        let by = if holds_secret {
            "an expression computes it"
        } else {
            by
        };
        return Some(format!("is not used when the package runs: {by}"));
    }
    let why = effective.reason.as_ref()?;
    (effective.certainty == Certainty::Assumed)
        .then(|| format!("may not be the one that is used when the package runs: {why}"))
}
