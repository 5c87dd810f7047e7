//! How far long work has come: a bar on the terminal, nothing elsewhere.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::streams::Talk;

/// Work that is done before this shows no bar.
const LONG: Duration = Duration::from_secs(1);

/// The bar of one run.
pub(crate) struct Progress {
    bar: ProgressBar,
    since: Instant,
    /// Whether a person looks at the standard error stream and wants to be told.
    may_show: bool,
    is_shown: AtomicBool,
}

impl Progress {
    pub(crate) fn new(talk: Talk) -> Progress {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len} files, {eta} left")
        {
            bar.set_style(style);
        }
        Progress {
            bar,
            since: Instant::now(),
            may_show: std::io::stderr().is_terminal() && talk > Talk::Little,
            is_shown: AtomicBool::new(false),
        }
    }

    /// So many files are done of those that were found.
    pub(crate) fn show(&self, done: usize, found: usize) {
        if !self.may_show {
            return;
        }
        if self.since.elapsed() > LONG && !self.is_shown.swap(true, Ordering::Relaxed) {
            self.bar
                .set_draw_target(ProgressDrawTarget::stderr_with_hz(5));
        }
        self.bar.set_length(found as u64);
        self.bar.set_position(done as u64);
    }

    /// Lets something be written while the bar is away.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
