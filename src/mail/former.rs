//! `--resume`: what a former run says in its report of the schema `dtsx/run@1`.
//!
//! A report is written while mail goes, so that one of a run that was killed ends somewhere. Such a one is read as far
//! as it goes; of the task behind its last one nobody knows whether its mail went.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::project::Label;

/// What became of the tasks of a former run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Former {
    tasks: Vec<FormerTask>,
    /// Whether the report ends before its end.
    is_cut: bool,
}

/// What became of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormerTask {
    path: String,
    /// The name of the file without its folder: it may have been reached in another way.
    file: String,
    /// What became of it.
    pub fate: Fate,
    /// The recipients that the server took the message for.
    pub accepted: Vec<String>,
    /// Those that it refused.
    pub refused: Vec<(String, String)>,
}

/// Whether a mail went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// To everybody.
    Sent,
    /// To some.
    Partial,
    /// Nobody knows.
    Unknown,
    /// It did not go, or not to a server.
    NotSent,
}

/// A report that cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum FormerError {
    /// Not JSON, or not of the shape.
    #[error("expected a report of `dtsx run --format json`: {0}")]
    Shape(serde_json::Error),
    /// Another schema.
    #[error("expected a report of the schema `dtsx/run@1`, found `{0}`")]
    Schema(String),
}

impl Former {
    /// Reads a report.
    ///
    /// # Errors
    ///
    /// [`FormerError`]
    pub fn parse(text: &str) -> Result<Former, FormerError> {
        let mut report = Report::default();
        let mut json = serde_json::Deserializer::from_str(text);
        let result = ReportSeed(&mut report)
            .deserialize(&mut json)
            .and_then(|()| json.end());
        let is_cut = match result {
            Ok(()) => false,
            // Serde takes the end inside of a text for an error of its own shape.
            Err(error) if report.schema.is_some() && error.is_eof() => true,
            Err(error) => return Err(FormerError::Shape(error)),
        };
        match report.schema.as_deref() {
            Some("dtsx/run@1") => {}
            other => return Err(FormerError::Schema(other.unwrap_or_default().to_owned())),
        }
        let tasks = report.tasks.into_iter().map(FormerTask::from).collect();
        Ok(Former { tasks, is_cut })
    }

    /// Whether it says anything of a task.
    pub fn knows(&self, file: &Label, path: &str) -> bool {
        let name = file.file_name();
        self.tasks.iter().any(|it| it.is(&name, path))
    }

    /// What it says of the next run of a task, which is taken out of it. The first one behind a report that was cut
    /// is of unknown fate.
    pub fn take(&mut self, file: &Label, path: &str) -> Option<FormerTask> {
        let name = file.file_name();
        match self.tasks.iter().position(|it| it.is(&name, path)) {
            Some(at) => Some(self.tasks.remove(at)),
            None if std::mem::take(&mut self.is_cut) => Some(FormerTask {
                path: path.to_owned(),
                file: name,
                fate: Fate::Unknown,
                accepted: Vec::new(),
                refused: Vec::new(),
            }),
            None => None,
        }
    }
}

impl FormerTask {
    fn is(&self, file: &str, path: &str) -> bool {
        self.path == path && self.file == file
    }
}

impl From<Task> for FormerTask {
    fn from(task: Task) -> FormerTask {
        let file = task
            .file
            .rsplit(['/', '\\', '!'])
            .next()
            .unwrap_or_default();
        FormerTask {
            file: file.to_owned(),
            path: task.path,
            fate: match task.status.as_str() {
                "sent" => Fate::Sent,
                "partial" => Fate::Partial,
                "unknown" => Fate::Unknown,
                _ => Fate::NotSent,
            },
            accepted: task.accepted,
            refused: task
                .refused
                .into_iter()
                .map(|it| (it.address, it.reply))
                .collect(),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Task {
    path: String,
    file: String,
    status: String,
    #[serde(default)]
    accepted: Vec<String>,
    #[serde(default)]
    refused: Vec<Refused>,
}

#[derive(Debug, Deserialize)]
struct Refused {
    address: String,
    reply: String,
}

#[derive(Default)]
struct Report {
    schema: Option<String>,
    tasks: Vec<Task>,
}

/// Keeps what was read when the rest is not there.
struct ReportSeed<'r>(&'r mut Report);

impl<'de> DeserializeSeed<'de> for ReportSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ReportSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a report")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "schema" => self.0.schema = Some(map.next_value()?),
                "tasks" => map.next_value_seed(TasksSeed(&mut self.0.tasks))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct TasksSeed<'r>(&'r mut Vec<Task>);

impl<'de> DeserializeSeed<'de> for TasksSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for TasksSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the tasks of a report")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(task) = seq.next_element()? {
            self.0.push(task);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const REPORT: &str = r#"{
  "schema": "dtsx/run@1",
  "tasks": [
    { "path": "\\Package\\A", "file": "etl/Nightly.dtsx", "status": "sent", "accepted": ["a@x.example"] },
    { "path": "\\Package\\B", "file": "etl/Nightly.dtsx", "status": "partial", "accepted": ["a@x.example"],
      "refused": [{ "address": "b@x.example", "reply": "550 no" }] },
    { "path": "\\Package\\C", "file": "etl/Nightly.dtsx", "status": "failed", "reason": "x" }
  ],
  "summary": { "sent": 1 }
}"#;

    fn label(name: &str) -> Label {
        Label::of_path(Path::new(name))
    }

    #[test]
    fn each_entry_counts_once_wherever_the_file_is() {
        let mut former = Former::parse(REPORT).unwrap();
        let here = label("elsewhere/Nightly.dtsx");
        let mut fate = |path: &str| former.take(&here, path).map(|it| it.fate);
        assert_eq!(fate("\\Package\\A"), Some(Fate::Sent));
        assert_eq!(fate("\\Package\\A"), None);
        assert_eq!(fate("\\Package\\B"), Some(Fate::Partial));
        assert_eq!(fate("\\Package\\C"), Some(Fate::NotSent));
        assert_eq!(fate("\\Package\\D"), None);
        assert!(former.take(&label("Other.dtsx"), "\\Package\\C").is_none());
    }

    #[test]
    fn a_report_that_was_cut_is_read_as_far_as_it_goes() {
        let whole = Former::parse(REPORT).unwrap();
        for end in 30..REPORT.len() - 1 {
            let cut =
                Former::parse(&REPORT[..end]).unwrap_or_else(|error| panic!("{end}: {error}"));
            assert!(cut.is_cut && whole.tasks.starts_with(&cut.tasks), "{end}");
        }
        let at = REPORT.find("\\\\Package\\\\C").unwrap();
        let mut cut = Former::parse(&REPORT[..at]).unwrap();
        let here = label("Nightly.dtsx");
        assert_eq!(cut.take(&here, "\\Package\\B").unwrap().fate, Fate::Partial);
        // The one that was being sent, and the one behind it.
        assert_eq!(cut.take(&here, "\\Package\\C").unwrap().fate, Fate::Unknown);
        assert_eq!(cut.take(&here, "\\Package\\D"), None);
    }

    #[test]
    fn anything_else_is_no_report() {
        for wrong in [
            "",
            "[]",
            "x",
            r#"{"tasks": []}"#,
            r#"{"schema": "dtsx/inspect@1"}"#,
            r#"{"schema":"dtsx/run@1","tasks":[1]}"#,
        ] {
            assert!(Former::parse(wrong).is_err(), "{wrong}");
        }
    }
}
