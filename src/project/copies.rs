//! The copies of a connection manager's properties in project files follow their manager.

use crate::connection_string::{Replacement, SmtpConnectionString, SmtpProperty};
use crate::package::{ConnectionManager, Copy, FileKind, ProjectFile, SetError, boolean};
use crate::xml::Edit;

use super::context::InContext;
use super::file::File;

/// Which copies follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    /// Those of the property and those of the connection string that it is a part of.
    All,
    /// Those of the property alone, where the connection strings are set as a whole.
    PropertyAlone,
}

/// The edits that let the copies of a manager follow a change of one property of its connection string.
///
/// `.dtproj` and `@Project.manifest` keep `CM.<manager>.<property>` of each package and of the project: the property
/// itself, Booleans in lower case, and the whole connection string.
///
/// # Errors
///
/// [`SetError`] when a copy cannot take the value.
pub fn follow<'a>(
    at: InContext<'a>,
    holder: &File,
    manager: ConnectionManager<'_>,
    property: &str,
    value: &str,
    followed: Followed,
) -> Result<Vec<(&'a File, Vec<Edit>)>, SetError> {
    let name = manager.object().name();
    let package = (holder.kind != FileKind::ConnectionManager).then(|| holder.label.file_name());
    let is_smtp = manager.is_smtp();
    let mut changes = Vec::new();
    for file in at.context.of_kind(FileKind::Project) {
        let mut edits = Vec::new();
        let copies = ProjectFile::new(&file.document).copies();
        for copy in copies.filter(|copy| is_of(*copy, package.as_deref(), &name)) {
            let Some((_, copied)) = copy.names() else {
                continue;
            };
            if followed == Followed::PropertyAlone && !copied.eq_ignore_ascii_case(property) {
                continue;
            }
            edits.extend(follow_one(copy, &copied, is_smtp, property, value)?);
        }
        if !edits.is_empty() {
            changes.push((file, edits));
        }
    }
    Ok(changes)
}

fn is_of(copy: Copy<'_>, package: Option<&str>, manager: &str) -> bool {
    let same_package = match (copy.package(), package) {
        (Some(copied), Some(package)) => copied.eq_ignore_ascii_case(package),
        (None, None) => true,
        _ => false,
    };
    same_package && copy.names().is_some_and(|(name, _)| name == manager)
}

fn follow_one(
    copy: Copy<'_>,
    copied: &str,
    is_smtp: bool,
    property: &str,
    value: &str,
) -> Result<Vec<Edit>, SetError> {
    let Some(stored) = copy.value() else {
        return Ok(Vec::new());
    };
    let unrepresentable =
        |error: crate::xml::Unrepresentable| crate::package::SetErrorKind::from(error).of(property);
    if copied.eq_ignore_ascii_case(property) {
        let present = stored.text();
        let text = match boolean(value) {
            Some(true) if is_boolean(property) => "true",
            Some(false) if is_boolean(property) => "false",
            _ => value,
        };
        if present.text == text {
            return Ok(Vec::new());
        }
        return stored
            .set(text)
            .map(|edit| vec![edit])
            .map_err(unrepresentable);
    }
    let smtp = SmtpProperty::of_key(property).filter(|_| is_smtp);
    if !copied.eq_ignore_ascii_case("ConnectionString") {
        return Ok(Vec::new());
    }
    let Some(smtp) = smtp else {
        return Ok(Vec::new());
    };
    let text = stored.text();
    let Ok(read) = SmtpConnectionString::parse(&text.text) else {
        return Ok(Vec::new());
    };
    let replacements: Vec<Replacement> = read
        .set(smtp, value)
        .map_err(|error| crate::package::SetErrorKind::from(error).of(property))?;
    replacements
        .into_iter()
        .map(|replacement| stored.replace(replacement.range, &replacement.text))
        .collect::<Result<Vec<_>, _>>()
        .map_err(unrepresentable)
}

fn is_boolean(property: &str) -> bool {
    matches!(
        SmtpProperty::of_key(property),
        Some(SmtpProperty::UseWindowsAuthentication | SmtpProperty::EnableSsl)
    )
}
