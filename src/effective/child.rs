//! What a package that is called sees of the one that calls it.

/// The variables of a calling package as they are at its Execute Package task, and the values that the task gives to
/// the parameters of the package that it calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parent {
    /// Qualified names and texts, or why the text is not known; the nearest container's first.
    pub variables: Vec<(String, Result<String, String>)>,
    /// Parameters of the called package by name.
    pub parameters: Vec<(String, Result<String, String>)>,
}

impl Parent {
    /// A variable by the name that a configuration of the child uses, with or without its namespace.
    pub(super) fn variable(&self, name: &str) -> Option<Result<String, String>> {
        find(&self.variables, |full| {
            full == name || full.rsplit("::").next() == Some(name)
        })
    }

    /// The value that the call gives to a parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<Result<String, String>> {
        find(&self.parameters, |it| it.eq_ignore_ascii_case(name))
    }
}

fn find(
    list: &[(String, Result<String, String>)],
    fits: impl Fn(&str) -> bool,
) -> Option<Result<String, String>> {
    let found = list.iter().find(|(name, _)| fits(name))?;
    Some(found.1.clone())
}
