//! Writing a plan: batch by batch, through a journal.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use super::check;
use super::journal::{Journal, JournalError};
use super::outcome::{Done, Outcome, Refusal};
use super::record::{Intent, StoredPath};
use super::temporary;
use super::undo;
use crate::host::{Access, Owner, WritableFiles};
use crate::project::{Hash, Kind, Write};

/// A batch is written when it holds this many files.
const BATCH_FILES: usize = 32;
/// A batch is written before it would hold more new bytes than this; a larger file is a batch of its own.
const BATCH_BYTES: usize = 64 << 20;

/// What happens to the rest of a run when a file cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRefusal {
    /// All or nothing: no further file is written, every further one is still checked, so that all refusals are
    /// told at once, and what had been written gets its old bytes back.
    TakeBack,
    /// The file is left out and the others are written, unless they would fare no better (a full disk).
    GoOn,
}

/// What a run did.
#[derive(Debug)]
pub struct Applied {
    /// What became of each write, in the order of the plan.
    pub outcomes: Vec<Outcome>,
    /// Why the run ended early, or why what it wrote may not be on the disk; `None` when neither is so.
    pub failure: Option<String>,
    /// Where the journal lies that takes it back; `None` when there is nothing to take back.
    pub journal: Option<PathBuf>,
}

impl Applied {
    /// Whether every write was carried out and is on the disk.
    pub fn is_whole(&self) -> bool {
        self.failure.is_none() && self.outcomes.iter().all(|outcome| outcome.result.is_ok())
    }
}

/// Says what is wrong with the new bytes of a file before they replace anything, as a fault of this program. The
/// caller parses them again and looks for what the plan promised.
pub type Verify<'a> = dyn Fn(&Write) -> Result<(), String> + 'a;

/// Takes planned writes one by one and carries them out in batches; memory holds one batch.
///
/// The order on the disk makes every moment safe to be killed in: the originals of the batch, then what is intended,
/// then temporary files beside the originals, then the renames, then the folders, then that the batch is done. A
/// file is at every moment wholly old or wholly new, and the journal knows which bytes either are.
pub struct Writer<'a> {
    journal: &'a mut Journal,
    verify: &'a Verify<'a>,
    on_refusal: OnRefusal,
    files: &'a dyn WritableFiles,
    outcomes: Vec<Outcome>,
    planned: HashSet<PathBuf>,
    batch: Vec<Planned>,
    batch_bytes: usize,
    /// Names temporary files.
    temporaries: usize,
    /// Why nothing more is written.
    stopped: Option<String>,
}

/// A write of the batch at hand; `at` is its place in the outcomes.
struct Planned {
    at: usize,
    /// With its folder resolved.
    path: PathBuf,
    after: Option<Hash>,
    write: Write,
}

/// A write whose original is in the pack.
struct Intended {
    at: usize,
    path: PathBuf,
    temporary: PathBuf,
    kind: Kind,
    owner: Option<Owner>,
}

impl Intended {
    fn after(&self) -> Option<&[u8]> {
        match &self.kind {
            Kind::Change { after, .. } | Kind::Create { after } => Some(after),
            Kind::Remove { .. } => None,
        }
    }
}

impl<'a> Writer<'a> {
    /// A writer that has written nothing yet.
    pub fn new(
        journal: &'a mut Journal,
        verify: &'a Verify<'a>,
        on_refusal: OnRefusal,
        files: &'a dyn WritableFiles,
    ) -> Writer<'a> {
        Writer {
            journal,
            verify,
            on_refusal,
            files,
            outcomes: Vec::new(),
            planned: HashSet::new(),
            batch: Vec::new(),
            batch_bytes: 0,
            temporaries: 0,
            stopped: None,
        }
    }

    /// Takes the next write of the plan; it is carried out when the batch is full.
    pub fn push(&mut self, write: Write) {
        let at = self.outcomes.len();
        self.outcomes.push(Outcome {
            path: write.path.clone(),
            what: write.what.clone(),
            result: Ok(Done::Unchanged),
        });
        let after = write.after().map(Hash::of);
        if after.is_some() && after == write.before() {
            return;
        }
        let path = match self.admitted(&write) {
            Ok(path) => path,
            Err(refusal) => return self.refuse(at, refusal),
        };
        if let Some(why) = self.stopped.clone() {
            let checked = check::ready(&path, write.before(), self.files);
            return self.refuse(at, checked.err().unwrap_or(Refusal::NotAttempted(why)));
        }
        let bytes = write.after().map_or(0, <[u8]>::len);
        if self.batch_bytes.saturating_add(bytes) > BATCH_BYTES {
            self.write_batch();
        }
        self.batch_bytes = self.batch_bytes.saturating_add(bytes);
        self.batch.push(Planned {
            at,
            path,
            after,
            write,
        });
        if self.batch.len() >= BATCH_FILES {
            self.write_batch();
        }
    }

    /// Writes the last batch and tells what became of everything.
    pub fn finish(mut self) -> Applied {
        self.write_batch();
        if self.on_refusal == OnRefusal::TakeBack
            && let Some(why) = self.stopped.clone()
        {
            self.take_back(&why);
        }
        if self.journal.is_empty() {
            self.journal.discard(self.files);
        }
        Applied {
            outcomes: self.outcomes,
            failure: self.stopped,
            journal: self.journal.path().map(Path::to_owned),
        }
    }

    /// The settled path of a write that may go into a batch.
    fn admitted(&mut self, write: &Write) -> Result<PathBuf, Refusal> {
        let path = check::settled(&write.path, self.files)?;
        if !self.planned.insert(path.clone()) {
            return Err(Refusal::PlannedTwice);
        }
        (self.verify)(write).map_err(Refusal::Wrong)?;
        Ok(path)
    }

    fn refuse(&mut self, at: usize, refusal: Refusal) {
        let stops = self.on_refusal == OnRefusal::TakeBack || refusal.concerns_every_file();
        if let Some(outcome) = self.outcomes.get_mut(at) {
            if stops && self.stopped.is_none() && !matches!(refusal, Refusal::NotAttempted(_)) {
                self.stopped = Some(format!(
                    "`{}` was refused: {refusal}",
                    outcome.path.display()
                ));
            }
            outcome.result = Err(refusal);
        }
    }

    fn refuse_all(&mut self, places: impl IntoIterator<Item = usize>, why: &str) {
        for at in places {
            self.refuse(at, Refusal::NotAttempted(why.to_owned()));
        }
    }

    fn settle(&mut self, at: usize, done: Done) {
        if let Some(outcome) = self.outcomes.get_mut(at) {
            outcome.result = Ok(done);
        }
    }

    fn write_batch(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        if batch.is_empty() {
            return;
        }
        let places: Vec<usize> = batch.iter().map(|planned| planned.at).collect();
        if let Err(error) = self.write_batch_through_journal(batch) {
            let why = error.to_string();
            self.stopped
                .get_or_insert_with(|| format!("the journal failed: {why}"));
            for at in places {
                // What was not refused for its own reasons and not written.
                let pending = self
                    .outcomes
                    .get(at)
                    .is_some_and(|o| matches!(o.result, Ok(Done::Unchanged)));
                if pending {
                    self.refuse(at, Refusal::Journal(why.clone()));
                }
            }
        }
    }

    fn write_batch_through_journal(&mut self, batch: Vec<Planned>) -> Result<(), JournalError> {
        let open = self.journal.open(self.files)?;
        let _writers = open.lock_writers(self.files)?;
        let (intended, intents) = self.keep_originals(batch)?;
        if intended.is_empty() {
            return Ok(());
        }
        if let Some(why) = self.stopped.clone() {
            self.refuse_all(intended.iter().map(|intended| intended.at), &why);
            return Ok(());
        }
        let number = self.journal.open(self.files)?.intend(intents)?;
        let intended = self.make_temporaries(intended);
        self.rename(intended);
        if self.stopped.is_some() {
            // The batch is not complete, and what its folders hold may not be on the disk.
            return Ok(());
        }
        self.journal.open(self.files)?.done(number)
    }

    /// Checks every file of the batch and puts the original of each that passes into the pack.
    fn keep_originals(
        &mut self,
        batch: Vec<Planned>,
    ) -> Result<(Vec<Intended>, Vec<Intent>), JournalError> {
        let (mut intended, mut intents) = (Vec::new(), Vec::new());
        for Planned {
            at,
            path,
            after,
            write,
        } in batch
        {
            let original = match check::ready(&path, write.before(), self.files) {
                Ok(ready) => ready.original,
                Err(refusal) => {
                    self.refuse(at, refusal);
                    continue;
                }
            };
            let mut owner = None;
            let mut before = None;
            if let (Some((bytes, of)), Some(hash)) = (original, write.before()) {
                owner = Some(of);
                before = Some(self.journal.open(self.files)?.keep(&bytes, hash, of)?);
            }
            self.temporaries += 1;
            let temporary = format!(".dtsx-{}-{}.tmp", self.journal.id(), self.temporaries);
            intents.push(Intent {
                path: StoredPath(path.clone()),
                what: write.what.clone(),
                temporary: temporary.clone(),
                before,
                after,
            });
            let temporary = path.with_file_name(temporary);
            intended.push(Intended {
                at,
                path,
                temporary,
                kind: write.kind,
                owner,
            });
        }
        Ok((intended, intents))
    }

    /// Makes the new bytes of the batch ready: all are written, then all are synced together. Once nothing more is to
    /// be written the rest is passed on as it is, to be dropped.
    fn make_temporaries(&mut self, intended: Vec<Intended>) -> Vec<Intended> {
        let (mut begun, mut made, mut open) = (Vec::new(), Vec::new(), Vec::new());
        for one in intended {
            let access = one.owner.map_or(Access::Usual, Access::Of);
            let Some(bytes) = one.after().filter(|_| self.stopped.is_none()) else {
                made.push(one);
                continue;
            };
            match temporary::begin(&one.temporary, bytes, access, self.files) {
                Ok(file) => {
                    open.push(file);
                    begun.push(one);
                }
                Err(refusal) => self.refuse(one.at, refusal),
            }
        }
        if self.stopped.is_some() {
            // What is not synced is dropped all the same.
            made.append(&mut begun);
            open.clear();
        }
        for (one, synced) in begun.into_iter().zip(self.files.sync_all(open)) {
            let bytes = one.after().unwrap_or_default();
            match temporary::finish(&one.temporary, bytes, synced, self.files) {
                Ok(()) => made.push(one),
                Err(refusal) => self.refuse(one.at, refusal),
            }
        }
        made.sort_by_key(|one| one.at);
        made
    }

    /// The step that changes files: each is looked at once more, then replaced in one step.
    fn rename(&mut self, intended: Vec<Intended>) {
        let mut folders = BTreeSet::new();
        for one in intended {
            if let Some(why) = self.stopped.clone() {
                self.drop_temporary(&one.temporary);
                self.refuse_all([one.at], &why);
                continue;
            }
            match self.rename_one(&one) {
                Ok(done) => {
                    self.settle(one.at, done);
                    folders.extend(one.path.parent().map(Path::to_owned));
                }
                Err(refusal) => {
                    self.drop_temporary(&one.temporary);
                    self.refuse(one.at, refusal);
                }
            }
        }
        for folder in folders {
            if let Err(error) = self.files.sync_folder(&folder) {
                let refusal = Refusal::system("the folder could not be synced", error);
                self.stopped
                    .get_or_insert_with(|| format!("`{}`: {refusal}", folder.display()));
            }
        }
    }

    fn rename_one(&self, one: &Intended) -> Result<Done, Refusal> {
        let before = match one.kind {
            Kind::Change { before, .. } | Kind::Remove { before } => Some(before),
            Kind::Create { .. } => None,
        };
        check::ready(&one.path, before, self.files)?;
        match one.kind {
            Kind::Change { .. } => self
                .files
                .replace(&one.temporary, &one.path)
                .map(|()| Done::Changed)
                .map_err(|error| Refusal::system("it could not be replaced", error)),
            Kind::Create { .. } => self
                .files
                .move_to_free_name(&one.temporary, &one.path)
                .map(|()| Done::Created)
                .map_err(|error| Refusal::system("it could not be created", error)),
            Kind::Remove { .. } => self
                .files
                .remove(&one.path)
                .map(|()| Done::Removed)
                .map_err(|error| Refusal::system("it could not be removed", error)),
        }
    }

    /// What cannot be removed is in the journal, for `undo`.
    fn drop_temporary(&self, temporary: &Path) {
        let _ = self.files.remove(temporary);
    }

    /// Puts back what this run has written, as `undo` does, and forgets the journal when nothing is left to undo.
    fn take_back(&mut self, why: &str) {
        let Some(path) = self.journal.path().map(Path::to_owned) else {
            return;
        };
        let _writers = self.journal.lock_writers(self.files);
        let Ok(undone) = undo::put_back(&path, &|_| true, self.files) else {
            return;
        };
        let has_old_bytes =
            |undone: &&undo::Undone| matches!(undone.result, Ok(_) | Err(Refusal::Unsynced(_)));
        let old: HashSet<&Path> = undone
            .iter()
            .filter(has_old_bytes)
            .map(|undone| undone.path.as_path())
            .collect();
        let mut whole = undone.iter().all(|undone| undone.result.is_ok());
        for outcome in &mut self.outcomes {
            if !matches!(
                outcome.result,
                Ok(Done::Changed | Done::Created | Done::Removed)
            ) {
                continue;
            }
            match check::settled(&outcome.path, self.files) {
                Ok(path) if old.contains(path.as_path()) => {
                    outcome.result = Err(Refusal::TakenBack(why.to_owned()));
                }
                _ => whole = false,
            }
        }
        if whole {
            self.journal.discard(self.files);
        }
    }
}
