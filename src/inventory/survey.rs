//! Walks the inputs unit by unit and gives the facts of their files.

use std::num::NonZero;

use crate::host::Files;
use crate::project::{
    BuildCopy, Found, Holder, InContext, Inputs, Limits, Looked, ReadError, Reading, Role, find,
    holds,
};

use super::facts::FileFacts;
use super::gather::gather;
use super::link::{FileNames, link};

/// Which files are to be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All.
    Everything,
    /// Those with an SMTP connection manager, a Send Mail task or an unreadable part; packages without their names
    /// are read no further than a byte search.
    Mail,
}

/// The facts of one unit.
#[derive(Debug, Default)]
pub struct UnitFacts {
    /// The files, in the order of their paths.
    pub files: Vec<FileFacts>,
    /// How many files were looked at and are not told of.
    pub left_out: usize,
    /// What could not be read.
    pub errors: Vec<ReadError>,
}

/// Looks at the inputs, unit by unit; `tell` is given each unit as soon as it is done.
///
/// # Errors
///
/// Whatever `tell` gives ends the walk.
pub fn survey<E>(
    inputs: &Inputs,
    scope: Scope,
    limits: Limits,
    jobs: NonZero<usize>,
    files: &dyn Files,
    mut tell: impl FnMut(UnitFacts) -> Result<(), E>,
) -> Result<(), E> {
    let reading = Reading {
        files,
        limits,
        jobs,
        only_with: match scope {
            Scope::Everything => None,
            Scope::Mail => Some(may_hold_mail),
        },
    };
    let Found { units, errors } = find(inputs, files);
    if !errors.is_empty() {
        tell(UnitFacts {
            errors,
            ..UnitFacts::default()
        })?;
    }
    let names: FileNames = units
        .iter()
        .filter(|unit| unit.build_copy == BuildCopy::No)
        .flat_map(|unit| unit.labels())
        .collect();
    for unit in &units {
        let open = unit.open(inputs, &reading);
        let context = &open.context;
        let small = context
            .files
            .iter()
            .filter(|file| file.role == Role::Asked)
            .map(|file| gather(InContext { context, file }, unit.build_copy));
        let archive = open
            .archive
            .iter()
            .map(|archive| FileFacts::of_archive(&archive.label, archive.hash, unit.build_copy));
        let mut facts = UnitFacts {
            files: archive.chain(small).collect(),
            ..UnitFacts::default()
        };
        let looked = open.each(&reading, |looked| match looked {
            Looked::Read(at) => Some(Ok(gather(at, unit.build_copy))),
            Looked::Skipped => None,
            Looked::Failed(error) => Some(Err(error)),
        });
        for package in looked {
            match package {
                Some(Ok(file)) => facts.files.push(file),
                Some(Err(error)) => facts.errors.push(error),
                None => facts.left_out += 1,
            }
        }
        facts.errors.extend(open.errors);
        facts.files.sort_by(|a, b| a.label.cmp(&b.label));
        link(&mut facts.files, &names);
        if scope == Scope::Mail {
            let before = facts.files.len();
            facts
                .files
                .retain(|file| file.has_mail() || file.is_encrypted);
            facts.left_out += before - facts.files.len();
        }
        let is_archive = matches!(unit.holder, Holder::Archive(_));
        if is_archive || !facts.files.is_empty() || facts.left_out > 0 || !facts.errors.is_empty() {
            tell(facts)?;
        }
    }
    Ok(())
}

/// Every SMTP connection manager, every Send Mail task and every encrypted part holds one of these.
fn may_hold_mail(bytes: &[u8]) -> bool {
    [
        "SendMail",
        "SMTP",
        "Smtp",
        "EncryptedData",
        "Encrypted=\"1\"",
    ]
    .iter()
    .any(|needle| holds(bytes, needle))
}
