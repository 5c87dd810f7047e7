//! Through expressions: to the literals, the variables and the parameters that the value is joined from.

use std::ops::Range;

use crate::expression::{Expression, Name, NodeKind};
use crate::package::{
    FileKind, Parameter, ParameterScope, Stored, Target, Variable, project_parameters,
};
use crate::project::File;
use crate::xml::Node;

use super::flow::{Piece, Sequence, What, sequences};
use super::frame::Frame;
use super::slot::{Part, Slot};
use super::{Find, KeeperKind, Level, Search, UnreachableKind};
use crate::effective::find_variable::{FoundVariable, owner_of};

/// An expression that is followed.
struct Followed<'f, 'a> {
    stored: Stored<'a>,
    text: &'f str,
    /// Its string literals in their order.
    strings: Vec<String>,
    /// What it belongs to, whose variables it sees.
    node: Node<'a>,
    /// The property path of what it computes.
    of: &'f str,
    level: Level,
    is_choice: bool,
}

/// What a name leads to.
enum Named<'a> {
    Variable(Variable<'a>),
    Parameter(&'a File, Parameter<'a>),
    System,
    Missing,
}

/// Values that are made from one another through more steps than this are not followed.
const DEEPEST: usize = 40;
/// Longer texts are not put together.
const LONGEST: usize = 16 << 10;
/// Of values in more pieces than this it is not asked what stands around each.
const MOST_PIECES: usize = 64;
/// Stands for a piece that is not known: it can be no part of a connection string's marks.
const UNKNOWN: &str = "\u{fffc}";

impl<'a> Search<'a> {
    /// The property expression of a property, if there is one.
    pub(super) fn expression(&mut self, target: Target<'a>, property: &str, part: Option<&Part>) {
        if let Some(expression) = target.object().property_expression(property) {
            let of = self.path(target, property);
            let level = Level::PROPERTY;
            self.follow(expression.stored(), target.node(), &of, part, level);
        }
    }

    /// What an expression gets the value from. `node` is what it belongs to, whose variables it sees; `of` names it.
    pub(super) fn follow(
        &mut self,
        stored: Stored<'a>,
        node: Node<'a>,
        of: &str,
        part: Option<&Part>,
        level: Level,
    ) {
        let text = stored.text().into_text();
        let computed = |search: &mut Self, why: String| {
            search.out_of_reach(UnreachableKind::Computed, of.to_owned(), why);
        };
        let Ok(expression) = Expression::parse(&text) else {
            return computed(self, format!("the expression `{text}` cannot be read"));
        };
        if self.frames.len() >= DEEPEST {
            let why = format!("more than {DEEPEST} values are made from one another before it");
            return computed(self, why);
        }
        let sequences = sequences(&expression);
        let strings = expression.strings().map(|(_, it)| it.text.to_string());
        let at = Followed {
            stored,
            text: &text,
            strings: strings.collect(),
            node,
            of,
            level,
            is_choice: sequences.len() > 1,
        };
        if let NodeKind::Constant(_) = expression.root().kind() {
            let slot = Slot::constant(stored).with_parts(part);
            let why = format!("the constant that is the expression `{text}`");
            return self.within(at.frame(), |search| {
                search.keep(Find {
                    file: search.at.file,
                    path: of.to_owned(),
                    kind: KeeperKind::Literal,
                    why,
                    slot,
                    level: None,
                });
            });
        }
        for sequence in &sequences {
            self.sequence(&at, sequence, part);
        }
        let is_whole = match sequences.as_slice() {
            [sequence] => match sequence.as_slice() {
                [only] => only.is_exact && matches!(only.what, What::Literal(_) | What::Name(_)),
                _ => false,
            },
            _ => false,
        };
        if !is_whole {
            let why = format!("it is computed at run time by the expression `{text}`");
            computed(self, why);
        }
    }

    /// The pieces of one value that hold the whole of what is asked for, or stand beside others in it.
    fn sequence(&mut self, at: &Followed<'_, 'a>, sequence: &Sequence<'_>, part: Option<&Part>) {
        if let [only] = sequence.as_slice() {
            let frame = match only.is_exact {
                true => at.frame(),
                false => at.frame().around(None, None),
            };
            return self.piece(at, only, part, None, frame);
        }
        let texts: Vec<Option<String>> =
            sequence.iter().map(|piece| self.text(at, piece)).collect();
        let (mut string, mut ranges) = (String::new(), Vec::new());
        for text in &texts {
            let start = string.len();
            string.push_str(text.as_deref().unwrap_or(UNKNOWN));
            ranges.push(start..string.len());
        }
        let asked = match part {
            None => 0..string.len(),
            Some(part) => match part.range_in(&string) {
                Some(range) => range,
                None => return,
            },
        };
        let whole = ranges
            .iter()
            .position(|range| range.start <= asked.start && asked.end <= range.end);
        if let (Some(part), Some(index)) = (part, whole)
            && let (Some(piece), Some(range)) = (sequence.get(index), ranges.get(index))
        {
            // A variable that is just the part keeps it as a whole.
            let inner = (*range != asked).then_some(part);
            let around = (
                string.get(..range.start).unwrap_or_default().to_owned(),
                string.get(range.end..).unwrap_or_default().to_owned(),
            );
            return self.piece(at, piece, inner, Some(around), at.frame());
        }
        for (index, (piece, range)) in sequence.iter().zip(&ranges).enumerate() {
            if range.start < asked.start || asked.end < range.end {
                continue;
            }
            let known = |pieces: Range<usize>| {
                let known =
                    sequence.len() <= MOST_PIECES && texts.get(pieces)?.iter().all(Option::is_some);
                known.then_some(())
            };
            let before = known(0..index)
                .and_then(|()| string.get(asked.start..range.start))
                .map(str::to_owned);
            let behind = known(index + 1..sequence.len())
                .and_then(|()| string.get(range.end..asked.end))
                .map(str::to_owned);
            let frame = match piece.is_exact {
                true => at.frame().around(before, behind),
                false => at.frame().around(None, None),
            };
            self.piece(at, piece, None, None, frame);
        }
    }

    fn piece(
        &mut self,
        at: &Followed<'_, 'a>,
        piece: &Piece<'_>,
        part: Option<&Part>,
        around: Option<(String, String)>,
        frame: Frame,
    ) {
        match &piece.what {
            What::Literal(index) => {
                let is_all = around.is_none() && frame.is_whole() && !at.is_choice;
                let (kind, what) = match is_all {
                    true => (KeeperKind::Literal, "the literal that is"),
                    false => (KeeperKind::LiteralPiece, "a literal in"),
                };
                let slot = Slot::literal(at.stored, *index).with_parts(part);
                let slot = match (around, part) {
                    (Some((before, behind)), Some(_)) => slot.between(before, behind),
                    _ => slot,
                };
                if !is_all && slot.value().is_none() {
                    return;
                }
                let find = Find {
                    file: self.at.file,
                    path: at.of.to_owned(),
                    kind,
                    why: format!("{what} the expression `{}`", at.text),
                    slot,
                    level: None,
                };
                self.within(frame, |search| search.keep(find));
            }
            What::Name(name) => self.within(frame, |search| search.name(at, name, part)),
            What::Constant(_) | What::Computed => {}
        }
    }

    /// Does something inside of one more expression.
    fn within(&mut self, frame: Frame, what: impl FnOnce(&mut Self)) {
        self.frames.push(frame);
        what(self);
        self.frames.pop();
    }

    fn name(&mut self, at: &Followed<'_, 'a>, name: &Name<'_>, part: Option<&Part>) {
        let why = format!("the expression `{}` of `{}` reads it", at.text, at.of);
        let missing = match self.named(name, at.node) {
            Named::Variable(variable) => return self.variable(variable, part, why),
            Named::Parameter(file, parameter) => {
                return self.parameter(file, parameter, part, why);
            }
            Named::System => format!("`{name}` is known only when the package runs"),
            Named::Missing => format!(
                "the expression `{}` reads `{name}`, which is not here",
                at.text
            ),
        };
        self.out_of_reach(UnreachableKind::Computed, at.of.to_owned(), missing);
    }

    fn named(&self, name: &Name<'_>, node: Node<'a>) -> Named<'a> {
        let is = |wanted: &str| {
            name.namespace
                .is_some_and(|it| it.eq_ignore_ascii_case(wanted))
        };
        let fits = |parameter: &Parameter<'a>| parameter.name() == name.name;
        if is("$Project") {
            let files = self.at.context.of_kind(FileKind::Parameters);
            let mut all = files.flat_map(|file| {
                project_parameters(file.document.root()).map(move |it| (file, it))
            });
            return match all.find(|(_, it)| fits(it)) {
                Some((file, parameter)) => Named::Parameter(file, parameter),
                None => Named::Missing,
            };
        }
        if is("$Package") {
            let package = self.at.package();
            return match package.and_then(|it| it.parameters().find(fits)) {
                Some(parameter) => Named::Parameter(self.at.file, parameter),
                None => Named::Missing,
            };
        }
        let found = self
            .variables()
            .find(owner_of(node), name.namespace, name.name);
        match found {
            FoundVariable::One(variable) => Named::Variable(variable),
            _ if is("System") => Named::System,
            _ => Named::Missing,
        }
    }

    /// The text of a piece, as far as it can be told without evaluating anything.
    fn text(&self, at: &Followed<'_, 'a>, piece: &Piece<'_>) -> Option<String> {
        let text = match &piece.what {
            _ if !piece.is_exact => None,
            What::Literal(index) => at.strings.get(*index).cloned(),
            What::Constant(text) => piece.is_cast.then(|| (*text).to_owned()),
            What::Name(name) => self.text_of(name, at.node, piece.is_cast),
            What::Computed => None,
        };
        text.filter(|text| text.len() <= LONGEST)
    }

    /// The text of a variable or a parameter; of one that is no text only where it is made one.
    fn text_of(&self, name: &Name<'_>, node: Node<'a>, is_cast: bool) -> Option<String> {
        match self.named(name, node) {
            Named::Variable(variable) => {
                let id = variable.object().node().id();
                if let Some(known) = self.texts.borrow().get(&id) {
                    return known.clone();
                }
                // While it is looked for it is not known, so a circle ends.
                self.texts.borrow_mut().insert(id, None);
                let text = self.text_of_variable(variable, is_cast);
                self.texts.borrow_mut().insert(id, text.clone());
                text
            }
            Named::Parameter(_, parameter) => {
                let number = match parameter.scope() {
                    ParameterScope::Package => 8,
                    ParameterScope::Project => 18,
                };
                let is_text = parameter.data_type().is_none_or(|it| it == number);
                let value = parameter.value().filter(|_| !parameter.is_sensitive())?;
                (is_text || is_cast).then(|| value.text().into_text().into_owned())
            }
            Named::System | Named::Missing => None,
        }
    }

    fn text_of_variable(&self, variable: Variable<'a>, is_cast: bool) -> Option<String> {
        let node = variable.object().node();
        if self.writers_of(node.id()).is_some() {
            return None;
        }
        let Some(stored) = variable.expression().filter(|_| variable.is_evaluated()) else {
            let is_text = variable.data_type().is_none_or(|it| it == 8);
            let value = variable.value()?;
            return (is_text || is_cast).then(|| value.text().into_text().into_owned());
        };
        let text = stored.text().into_text();
        let expression = Expression::parse(&text).ok()?;
        let sequences = sequences(&expression);
        let [sequence] = sequences.as_slice() else {
            return None;
        };
        let strings = expression.strings().map(|(_, it)| it.text.to_string());
        let at = Followed {
            stored,
            text: &text,
            strings: strings.collect(),
            node,
            of: "",
            level: Level::PROPERTY,
            is_choice: false,
        };
        sequence.iter().map(|piece| self.text(&at, piece)).collect()
    }
}

impl Followed<'_, '_> {
    /// What stands around a piece that is the whole value.
    fn frame(&self) -> Frame {
        Frame::whole(self.level, self.is_choice)
    }
}
