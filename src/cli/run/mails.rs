//! The mail of a run, whatever it comes from.

use dtsx::mail::Resolved;
use dtsx::project::ReadError;

/// The mail of a package or of a job, each one resolved when it is its turn, so that no two are kept.
pub(crate) struct Mails<'m> {
    pub(crate) count: usize,
    pub(crate) resolve: &'m dyn Fn(usize) -> Option<Resolved>,
    /// What people should know of the whole.
    pub(crate) warnings: Vec<String>,
    /// What could not be read.
    pub(crate) errors: Vec<ReadError>,
}

impl Mails<'_> {
    /// The mail in its order.
    pub(crate) fn each(&self) -> impl Iterator<Item = Resolved> {
        (0..self.count).filter_map(self.resolve)
    }
}
