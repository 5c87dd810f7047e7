//! A scope that is a list of names and values.

use super::codes::Code;
use super::error::{Error, Reason, unknown};
use super::locale::Locale;
use super::scope::{Lookup, Moment, Scope};
use super::tree::{Column, Name};
use super::value::Value;

/// A [`Scope`] made of what is put into it: for the command line, for job files, for tests.
///
/// Names are looked up exactly as they are written; where nothing fits exactly, without regard to case, because
/// packages are seen to rely on that although the documentation says otherwise.
#[derive(Clone, Debug)]
pub struct Bindings {
    variables: Vec<Variable>,
    columns: Option<Vec<(String, Value)>>,
    now: Option<Moment>,
    locale: Locale,
}

#[derive(Clone, Debug)]
struct Variable {
    namespace: String,
    name: String,
    value: Value,
}

impl Default for Bindings {
    fn default() -> Bindings {
        Bindings {
            variables: Vec::new(),
            columns: None,
            now: None,
            locale: Locale::EN_US,
        }
    }
}

impl Bindings {
    /// Nothing bound, no clock, locale 1033.
    pub fn new() -> Bindings {
        Bindings::default()
    }

    /// Binds a variable or a parameter: `User::Count`, `$Project::Server`. A name without a namespace goes to
    /// `User`. A former binding of the same name is replaced.
    pub fn bind(&mut self, name: &str, value: Value) {
        let (namespace, name) = name.split_once("::").unwrap_or(("User", name));
        let same =
            |variable: &&mut Variable| variable.namespace == namespace && variable.name == name;
        match self.variables.iter_mut().find(same) {
            Some(variable) => variable.value = value,
            None => self.variables.push(Variable {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                value,
            }),
        }
    }

    /// Binds a column of the data flow: `Name` or `[Source].[Name]`.
    pub fn bind_column(&mut self, name: &str, value: Value) {
        let columns = self.columns.get_or_insert_default();
        columns.retain(|(bound, _)| bound != name);
        columns.push((name.to_owned(), value));
    }

    /// Sets the clock.
    pub fn set_now(&mut self, now: Moment) {
        self.now = Some(now);
    }

    /// Sets the locale.
    pub fn set_locale(&mut self, locale: Locale) {
        self.locale = locale;
    }

    /// Stores what an assignment gave, as the For Loop and the Expression Task do.
    ///
    /// # Errors
    ///
    /// There is no such variable, several have the name, or it is read-only: parameters and system variables.
    pub fn assign(&mut self, name: &Name<'_>, value: Value) -> Result<(), Error> {
        let shown = name.to_string();
        let error = |code, message: String| Err(Error::value(code, message).at(name.span));
        let found = match self.find(name) {
            Found::One(at) => self.variables.get_mut(at),
            Found::None | Found::Several => None,
        };
        let Some(variable) = found else {
            return error(
                Code::AssignmentNotWritable,
                format!("there is no one variable `{shown}` to assign to"),
            );
        };
        let read_only = ["System", "$Project", "$Package"];
        if read_only
            .iter()
            .any(|namespace| variable.namespace.eq_ignore_ascii_case(namespace))
        {
            return error(
                Code::AssignmentToReadOnly,
                format!("`{shown}` is read-only"),
            );
        }
        variable.value = value;
        Ok(())
    }

    /// The variable that a name means.
    fn find(&self, name: &Name<'_>) -> Found {
        let same_letters = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
        match self.find_by(name, |a, b| a == b) {
            Found::None => self.find_by(name, same_letters),
            found => found,
        }
    }

    fn find_by(&self, name: &Name<'_>, same: impl Fn(&str, &str) -> bool) -> Found {
        let fits = |variable: &Variable| {
            same(&variable.name, name.name)
                && name
                    .namespace
                    .is_none_or(|namespace| same(&variable.namespace, namespace))
        };
        let mut places =
            (0..self.variables.len()).filter(|&at| self.variables.get(at).is_some_and(fits));
        match (places.next(), places.next()) {
            (None, _) => Found::None,
            (Some(at), None) => Found::One(at),
            _ => Found::Several,
        }
    }
}

/// How many variables a name means.
enum Found {
    None,
    One(usize),
    Several,
}

impl Scope for Bindings {
    fn variable(&self, name: &Name<'_>) -> Lookup {
        match self.find(name) {
            Found::None => Lookup::Missing,
            Found::Several => Lookup::Ambiguous,
            Found::One(at) => match self.variables.get(at) {
                Some(variable) => Lookup::Found(variable.value.clone()),
                None => Lookup::Missing,
            },
        }
    }

    fn column(&self, column: &Column<'_>) -> Option<Lookup> {
        let columns = self.columns.as_ref()?;
        let wanted = column.to_string();
        let find =
            |same: fn(&str, &str) -> bool| columns.iter().find(|(name, _)| same(name, &wanted));
        let found =
            find(|a, b| a == b).or_else(|| find(|a, b| a.to_lowercase() == b.to_lowercase()));
        Some(match found {
            Some((_, value)) => Lookup::Found(value.clone()),
            None => Lookup::Missing,
        })
    }

    fn now(&self) -> Result<Moment, Reason> {
        self.now.ok_or_else(|| unknown("no time was given"))
    }

    fn locale(&self) -> Locale {
        self.locale
    }

    fn variable_names(&self) -> Vec<String> {
        let names = self.variables.iter();
        names
            .map(|variable| format!("{}::{}", variable.namespace, variable.name))
            .collect()
    }
}
