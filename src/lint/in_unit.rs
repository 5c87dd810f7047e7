//! What a rule sees of a unit: the facts of its files, when their documents are gone.

use std::collections::HashMap;

use crate::connection_string::{SmtpProperty, masked_within};
use crate::inventory::FileFacts;
use crate::package::Target;
use crate::project::{Context, Label};
use crate::xml::Place;

use super::finding::{Related, Spot};
use super::findings::Looks;
use super::in_file::InFile;
use super::judged::name_span;
use super::rule::Rule;
use super::rules::rule;
use super::settings::Settings;
use super::suppress::{MARK, marked};

/// A unit: a folder with its project, a folder without, or an archive.
pub struct InUnit<'u> {
    /// Its small files, which are still there.
    pub context: &'u Context,
    /// The facts of all its files that could be read, in the order of their paths; also of those that nobody asked
    /// for, whose findings are not reported.
    pub files: &'u [FileFacts],
    /// What the configuration gives to rules.
    pub settings: &'u Settings,
    pub(super) spots: &'u Spots,
    pub(super) is_whole: bool,
}

impl InUnit<'_> {
    /// Whether these are all packages of the project, each of them read.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Whether a script of the file names a connection manager in `Connections["…"]`.
    pub fn names_in_code(&self, file: &Label, manager: &str) -> bool {
        let named = self.spots.named.get(file);
        named.is_some_and(|named| named.iter().any(|it| it.eq_ignore_ascii_case(manager)))
    }

    /// An object of a file as another place that belongs to a finding.
    pub fn related(
        &self,
        file: &Label,
        object: &str,
        property: &str,
        message: impl Into<String>,
    ) -> Related {
        Related {
            file: Some(file.clone()),
            place: self.place(file, object, property),
            message: message.into(),
        }
    }

    /// Where a property of an object is, as far as it was noted.
    pub fn place(&self, file: &Label, object: &str, property: &str) -> Option<Place> {
        self.spots
            .get(file, object, property)
            .map(|spot| spot.place)
    }
}

/// Places that were noted while the files were there: the names (the empty property) of connection managers, Send Mail
/// tasks and Execute Package tasks, and the values of SMTP connection managers.
#[derive(Debug, Default)]
pub struct Spots {
    spots: HashMap<(Label, String, String), Spot>,
    named: HashMap<Label, Vec<String>>,
    marks: Vec<(Label, String, &'static Rule)>,
}

/// What is noted of one file.
#[derive(Default)]
pub(super) struct FileSpots {
    spots: Vec<(String, &'static str, Spot)>,
    /// The connection managers that scripts name.
    named: Vec<String>,
    /// The rules that descriptions of objects accept.
    marks: Vec<(String, &'static Rule)>,
}

impl Spots {
    /// What descriptions of objects accept: the file, the object, the rule.
    pub(super) fn marks(&self) -> impl Iterator<Item = (&Label, &str, &'static Rule)> {
        let all = self.marks.iter();
        all.map(|(file, object, rule)| (file, object.as_str(), *rule))
    }

    pub(super) fn extend(&mut self, file: &Label, spots: FileSpots) {
        let keyed = spots.spots.into_iter();
        self.spots.extend(
            keyed.map(|(object, property, spot)| {
                ((file.clone(), object, property.to_owned()), spot)
            }),
        );
        let marks = spots.marks.into_iter();
        self.marks
            .extend(marks.map(|(object, rule)| (file.clone(), object, rule)));
        if !spots.named.is_empty() {
            self.named.insert(file.clone(), spots.named);
        }
    }

    /// The spot of a property, else of its object.
    pub(super) fn get(&self, file: &Label, object: &str, property: &str) -> Option<&Spot> {
        let key = |property: &str| (file.clone(), object.to_owned(), property.to_owned());
        self.spots
            .get(&key(property))
            .or_else(|| self.spots.get(&key("")))
    }
}

/// Notes the spots of a file.
pub(super) fn spots(at: &InFile<'_>, looks: &Looks) -> FileSpots {
    let file = at.file();
    let mut noted = FileSpots::default();
    let spots = &mut noted.spots;
    let mut note = |target: Target<'_>, property: &'static str, span| {
        let path = masked_within(&at.path(target)).0.into_owned();
        spots.push((path, property, looks.spot(file, span)));
    };
    for manager in at.smtp_managers() {
        let target = manager.target();
        note(target, "", name_span(target));
        for (property, judged) in [
            (SmtpProperty::Server, &manager.server),
            (SmtpProperty::UseWindowsAuthentication, &manager.windows),
            (SmtpProperty::EnableSsl, &manager.ssl),
        ] {
            note(target, property.key(), judged.span);
        }
    }
    for task in at.mail_tasks() {
        note(task.target(), "", name_span(task.target()));
    }
    if let Some(package) = at.package() {
        for task in package.execute_package_tasks() {
            let target = Target::Executable(task.executable());
            note(target, "", name_span(target));
        }
    }
    noted.named = at.named_in_code().to_vec();
    if file.document.source().text().contains(MARK) {
        noted.marks = marks(at);
    }
    noted
}

fn marks(at: &InFile<'_>) -> Vec<(String, &'static Rule)> {
    let objects = at.objects();
    let executables = objects.executables.iter().copied().map(Target::Executable);
    let managers = at.connection_managers().into_iter();
    let variables = objects.variables.iter().copied().map(Target::Variable);
    let all = executables
        .chain(managers.map(Target::ConnectionManager))
        .chain(variables);
    let mut marks = Vec::new();
    for target in all {
        let Some(description) = target.object().text("Description") else {
            continue;
        };
        let path = || masked_within(&at.path(target)).0.into_owned();
        let rules = marked(&description).into_iter();
        marks.extend(rules.filter_map(|it| Some((path(), rule(it).ok()?))));
    }
    marks
}
