//! `dtsx/server-values@1`: what SQL Server holds, exported by queries; this library never connects.
//!
//! JSON or CSV with the same rows: parameters, environments and references of the SSIS catalog, rows of configuration
//! tables, steps of SQL Server Agent jobs. `docs/values.md` describes both forms.

use serde::Deserialize;

/// What SQL Server holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerValues {
    schema: String,
    #[serde(default)]
    parameters: Vec<ParameterRow>,
    #[serde(default)]
    environment_variables: Vec<EnvironmentRow>,
    #[serde(default)]
    references: Vec<ReferenceRow>,
    #[serde(default)]
    configurations: Vec<ConfigurationRow>,
    #[serde(default)]
    job_steps: Vec<JobStepRow>,
}

/// A row of `catalog.object_parameters`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ParameterRow {
    #[serde(default)]
    folder: String,
    project: String,
    /// The package; empty or null for the project's own.
    package: Option<String>,
    name: String,
    /// Null for a sensitive value, which the catalog does not give away, and where no value was set.
    value: Option<String>,
    /// `V`: the value is the value. `R`: it is the name of an environment variable.
    #[serde(default)]
    value_type: ValueType,
    #[serde(default)]
    sensitive: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
enum ValueType {
    #[default]
    V,
    R,
}

/// A row of `catalog.environment_variables` with the name of its environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvironmentRow {
    #[serde(default)]
    folder: String,
    environment: String,
    name: String,
    value: Option<String>,
    #[serde(default)]
    sensitive: bool,
}

/// A row of `catalog.environment_references`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReferenceRow {
    #[serde(default)]
    folder: String,
    project: String,
    id: u64,
    environment: String,
}

/// A row of a configuration table, `[dbo].[SSIS Configurations]` or another of its columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfigurationRow {
    table: String,
    filter: String,
    pub(super) path: String,
    pub(super) value: Option<String>,
    #[serde(default, rename = "type")]
    _type: String,
}

/// A step of a job, as `msdb.dbo.sysjobsteps` holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct JobStepRow {
    #[serde(default)]
    job: String,
    #[serde(default)]
    step: u32,
    command: String,
}

/// A text that is no export of server values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerValuesError {
    /// No JSON of that shape.
    #[error("expected JSON of the schema `{SCHEMA}`: {0}")]
    Json(String),
    /// JSON of another schema.
    #[error("expected the schema `{SCHEMA}`, found `{0}`")]
    Schema(String),
    /// A line of the CSV form that cannot be read.
    #[error("line {line}: {why}")]
    Csv {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
}

/// The name of the schema.
const SCHEMA: &str = "dtsx/server-values@1";

/// The columns of the CSV form, in any order; those that a kind of row does not use may be empty.
const COLUMNS: [&str; 9] = [
    "kind",
    "folder",
    "project",
    "object",
    "name",
    "path",
    "value",
    "value_type",
    "sensitive",
];

/// What the server holds for a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// This value.
    Value { text: String, by: String },
    /// A value that cannot be told, and why.
    Hidden(String),
}

impl ServerValues {
    /// Reads an export; what begins with `{` is JSON, everything else CSV.
    ///
    /// # Errors
    ///
    /// [`ServerValuesError`], with the line where there is one.
    pub fn parse(text: &str) -> Result<ServerValues, ServerValuesError> {
        let text = text.trim_start_matches('\u{feff}');
        if !text.trim_start().starts_with('{') {
            return from_csv(text);
        }
        let read: ServerValues = serde_json::from_str(text)
            .map_err(|error| ServerValuesError::Json(error.to_string()))?;
        match read.schema.as_str() {
            SCHEMA => Ok(read),
            _ => Err(ServerValuesError::Schema(read.schema)),
        }
    }

    /// What is held for a parameter of a project, or of a package in it.
    pub(super) fn parameter(
        &self,
        project: &str,
        package: Option<&str>,
        name: &str,
    ) -> Option<Held> {
        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        let row = self.parameters.iter().find(|row| {
            let of = row.package.as_deref().filter(|it| !it.is_empty());
            let fits = match (of, package) {
                (Some(a), Some(b)) => same(a, b),
                (None, None) => true,
                _ => false,
            };
            fits && same(&row.project, project) && same(&row.name, name)
        })?;
        if row.value_type == ValueType::R {
            return Some(self.referenced(row, package));
        }
        match &row.value {
            Some(text) => Some(Held::Value {
                text: text.clone(),
                by: format!("SSISDB parameter {name}"),
            }),
            None if row.sensitive => Some(Held::Hidden(format!(
                "the SSIS catalog holds a sensitive value of `{name}`, which it does not give away"
            ))),
            // No value was set on the server: that of the project counts.
            None => None,
        }
    }

    fn referenced(&self, row: &ParameterRow, package: Option<&str>) -> Held {
        let variable = row.value.as_deref().unwrap_or_default();
        let hidden = |why: String| {
            Held::Hidden(format!(
                "`{}` follows the environment variable `{variable}`, {why}",
                row.name
            ))
        };
        let of_project = |it: &&ReferenceRow| {
            it.project.eq_ignore_ascii_case(&row.project)
                && it.folder.eq_ignore_ascii_case(&row.folder)
        };
        let mut references: Vec<_> = self.references.iter().filter(of_project).collect();
        if references.len() > 1
            && let Some(id) = self.reference_of_job(&row.project, package)
        {
            references.retain(|it| it.id == id);
        }
        let reference = match references.as_slice() {
            [only] => only,
            [] => return hidden("and the project refers to no environment".to_owned()),
            several => {
                let names: Vec<_> = several
                    .iter()
                    .map(|it| format!("`{}`", it.environment))
                    .collect();
                return hidden(format!(
                    "and the project refers to several environments: {}",
                    names.join(", ")
                ));
            }
        };
        let found = self.environment_variables.iter().find(|it| {
            it.environment.eq_ignore_ascii_case(&reference.environment)
                && it.name.eq_ignore_ascii_case(variable)
        });
        let environment = &reference.environment;
        match found {
            Some(EnvironmentRow {
                value: Some(text), ..
            }) => Held::Value {
                text: text.clone(),
                by: format!("variable {variable} of the SSISDB environment {environment}"),
            },
            Some(it) if it.sensitive => hidden(format!(
                "which is sensitive in the environment `{environment}`"
            )),
            Some(_) => hidden(format!(
                "which has no value in the environment `{environment}`"
            )),
            None => hidden(format!(
                "which the environment `{environment}` does not have"
            )),
        }
    }

    /// The environment that the one job step of a package names.
    fn reference_of_job(&self, project: &str, package: Option<&str>) -> Option<u64> {
        let mut ids: Vec<u64> = self
            .job_steps
            .iter()
            .filter(|step| {
                let command = step.command.to_lowercase();
                command.contains(&format!("\\{}\\", project.to_lowercase()))
                    && package
                        .is_none_or(|it| command.contains(&format!("\\{}", it.to_lowercase())))
            })
            .filter_map(|step| environment_reference(&step.command))
            .collect();
        ids.sort_unstable();
        ids.dedup();
        match ids.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// The steps of jobs whose command sets values of a package (by its file name) with `/Set`, `/Connection` or
    /// `/ConfigFile`.
    pub(super) fn steps_that_set<'s>(&'s self, package: &str) -> impl Iterator<Item = String> + 's {
        let bare = package
            .strip_suffix(".dtsx")
            .unwrap_or(package)
            .to_lowercase();
        self.job_steps.iter().filter_map(move |step| {
            let command = step.command.to_lowercase();
            let sets = ["/set ", "/conn", "/conf", "-set ", "-conn", "-conf"];
            let fits = command.contains(&bare) && sets.iter().any(|it| command.contains(it));
            fits.then(|| {
                format!(
                    "step {} of the SQL Server Agent job {}",
                    step.step, step.job
                )
            })
        })
    }

    /// The rows of a configuration table under a filter.
    pub(super) fn configurations<'s>(
        &'s self,
        table: &'s str,
        filter: &'s str,
    ) -> impl Iterator<Item = &'s ConfigurationRow> {
        self.configurations.iter().filter(move |row| {
            bare_table(&row.table) == bare_table(table) && row.filter.eq_ignore_ascii_case(filter)
        })
    }
}

fn environment_reference(command: &str) -> Option<u64> {
    let lower = command.to_lowercase();
    let at = lower.find("/env")?;
    let mut words = lower.get(at..)?.split_whitespace();
    words.next()?;
    words.next()?.trim_matches(['"', '\\']).parse().ok()
}

/// A table's name without brackets and the schema `dbo`.
fn bare_table(name: &str) -> String {
    let bare = name.replace(['[', ']', '"'], "").trim().to_lowercase();
    match bare.strip_prefix("dbo.") {
        Some(rest) => rest.to_owned(),
        None => bare,
    }
}

fn from_csv(text: &str) -> Result<ServerValues, ServerValuesError> {
    let mut rows = records(text)?.into_iter();
    let wrong = |line, why: String| ServerValuesError::Csv { line, why };
    let (_, head) = rows
        .next()
        .ok_or_else(|| wrong(1, format!("expected the columns {}", COLUMNS.join(","))))?;
    let mut places = [None; COLUMNS.len()];
    for (at, column) in head.iter().enumerate() {
        let known = COLUMNS
            .iter()
            .position(|it| it.eq_ignore_ascii_case(column.trim()));
        match known.and_then(|known| places.get_mut(known)) {
            Some(place) => *place = Some(at),
            None => {
                return Err(wrong(
                    1,
                    format!("`{column}` is no column; expected {}", COLUMNS.join(",")),
                ));
            }
        }
    }
    let mut values = ServerValues {
        schema: SCHEMA.to_owned(),
        ..ServerValues::default()
    };
    for (line, fields) in rows {
        let field = |column: &str| {
            let known = COLUMNS.iter().position(|it| *it == column)?;
            let at = places.get(known).copied().flatten()?;
            fields.get(at).map(String::as_str)
        };
        let text = |column: &str| field(column).unwrap_or_default().to_owned();
        // What the SQL Server tools write for NULL.
        let value = || field("value").filter(|it| *it != "NULL").map(str::to_owned);
        let number = |column: &str| {
            text(column)
                .trim()
                .parse::<u64>()
                .map_err(|_| wrong(line, format!("expected a number in `{column}`")))
        };
        let sensitive = matches!(text("sensitive").trim(), "1" | "true" | "True");
        match text("kind").as_str() {
            "parameter" => values.parameters.push(ParameterRow {
                folder: text("folder"),
                project: text("project"),
                package: Some(text("object")),
                name: text("name"),
                value: value(),
                value_type: match text("value_type").trim() {
                    "R" => ValueType::R,
                    "V" | "" => ValueType::V,
                    other => {
                        return Err(wrong(
                            line,
                            format!("expected `V` or `R` in `value_type`, found `{other}`"),
                        ));
                    }
                },
                sensitive,
            }),
            "environment-variable" => values.environment_variables.push(EnvironmentRow {
                folder: text("folder"),
                environment: text("object"),
                name: text("name"),
                value: value(),
                sensitive,
            }),
            "reference" => values.references.push(ReferenceRow {
                folder: text("folder"),
                project: text("project"),
                id: number("name")?,
                environment: text("object"),
            }),
            "configuration" => values.configurations.push(ConfigurationRow {
                table: text("object"),
                filter: text("name"),
                path: text("path"),
                value: value(),
                _type: text("value_type"),
            }),
            "job-step" => values.job_steps.push(JobStepRow {
                job: text("object"),
                step: u32::try_from(number("name")?).unwrap_or(u32::MAX),
                command: text("value"),
            }),
            other => {
                return Err(wrong(
                    line,
                    format!(
                        "`{other}` is no kind of row; expected parameter, environment-variable, reference, \
                         configuration or job-step"
                    ),
                ));
            }
        }
    }
    Ok(values)
}

/// The records of a CSV text (RFC 4180) with their lines.
fn records(text: &str) -> Result<Vec<(usize, Vec<String>)>, ServerValuesError> {
    let mut records = Vec::new();
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let (mut line, mut began) = (1, 1);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\n' {
            line += 1;
        }
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' if quoted || field.is_empty() => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            '\r' if !quoted && characters.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                fields.push(std::mem::take(&mut field));
                let record = std::mem::take(&mut fields);
                if record != [""] {
                    records.push((began, record));
                }
                began = line;
            }
            other => field.push(other),
        }
    }
    if quoted {
        return Err(ServerValuesError::Csv {
            line: began,
            why: "a quotation mark is not closed".to_owned(),
        });
    }
    if !field.is_empty() || !fields.is_empty() {
        fields.push(field);
        records.push((began, fields));
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_those_of_rfc_4180() {
        let read = records("a,\"b \"\"c\"\"\r\nd\",\r\n\r\n,x").unwrap();
        assert_eq!(
            read,
            [
                (
                    1,
                    vec!["a".to_owned(), "b \"c\"\r\nd".to_owned(), String::new()]
                ),
                (4, vec![String::new(), "x".to_owned()]),
            ]
        );
        assert!(records("\"a").is_err());
    }

    #[test]
    fn tables_compare_without_brackets_and_dbo() {
        assert_eq!(
            bare_table("[dbo].[SSIS Configurations]"),
            bare_table("ssis configurations")
        );
        assert_ne!(
            bare_table("[etl].[SSIS Configurations]"),
            bare_table("SSIS Configurations")
        );
    }

    #[test]
    fn a_job_step_names_its_environment() {
        let command = r#"/ISSERVER "\"\SSISDB\F\Etl\Nightly.dtsx\"" /SERVER "\"srv\"" /ENVREFERENCE 5 /CALLERINFO SQLAGENT"#;
        assert_eq!(environment_reference(command), Some(5));
        assert_eq!(environment_reference("/FILE x"), None);
    }

    #[test]
    fn a_wrong_export_says_what_is_wrong() {
        for (text, why) in [
            ("{}", "expected JSON of the schema"),
            (r#"{"schema":"dtsx/plan@1"}"#, "found `dtsx/plan@1`"),
            ("a,b\n", "line 1: `a` is no column"),
            ("kind,name\nthing,x\n", "line 2: `thing` is no kind of row"),
            ("kind,name\nreference,x\n", "line 2: expected a number"),
            ("", "line 1: expected the columns"),
        ] {
            let error = ServerValues::parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
