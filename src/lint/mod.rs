//! Lint: rules over packages and projects, what they find, and what would mend it.
//!
//! [`lint()`] looks at each file once with all rules and gives [`Finding`]s, which are owned. A rule judges effective
//! values ([`Judged`]): what a run would see, not what happens to be stored.
//!
//! # How a rule is added
//!
//! 1. Write `rules/smNNN_the_name.rs`. It holds the rule's page as the documentation comment of `rule! { … }`, its
//!    properties, and `fn check`. Copy the nearest of `sm002_connection_dangling.rs` (looks things up in the project),
//!    `sm007_address_malformed.rs` (places inside a value), `sm014_plaintext_smtp.rs` (a fix in all files that keep a
//!    value) and `sm039_manager_conflicting.rs` (compares the files of a unit).
//! 2. Add `mod` and a line to the table in `rules/mod.rs`. That is all the registration there is.
//! 3. Write `fixtures/lint/SMNNN/bad*.case`, `good*.case` and `edge*.case`; `fixtures/lint/README.md` says how. What is
//!    between `⟦` and `⟧` is what must be found, to the character. `cargo test lint::` runs them.
//! 4. `DTSX_UPDATE_RULES=1 cargo test lint_rules` writes `docs/rules/` and the tables of the README anew.
//!
//! A check is one of
//!
//! - `File(check)`, `fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>)`: called for every file that could be
//!   read: packages, package parts, `.conmgr`, `.params`, `.dtproj`, configurations. [`InFile`] gives the SMTP connection
//!   managers and Send Mail tasks of this file with their values, the package, and the unit (`at.at`);
//! - `Unit(check)`, `fn check(at: &InUnit<'_>, found: &mut UnitFindings<'_>)`: called once for each unit, when the
//!   documents are gone and only facts of `inventory` are left.
//!
//! What a rule finds it reports as a [`Draft`] at the exact place of the value. `Draft::value` lowers the confidence
//! where the value is only assumed, says what computed it and where it is kept; a value that only a run knows has no
//! text, and a rule keeps silent about it. Messages are masked by the engine. A fix is `Changes` over any files of the
//! unit; `InFile::set_everywhere` makes one for a property that others keep copies of, `InFile::parameterise` one that
//! moves a value to a parameter or a variable. A rule on units has no fix: what it would edit is gone by then.

mod address;
mod attachments;
mod config;
mod engine;
mod excerpt;
mod finding;
mod findings;
mod fixing;
mod host;
mod in_file;
mod in_unit;
mod judged;
mod rule;
mod rules;
mod settings;
mod suppress;

pub use crate::project::Label;
pub use address::{Address, Fault, addresses, is_within};
pub use config::{ConfigError, ConfigurationFile, rules_named};
pub use engine::{BuildCopies, Lint, Linted, lint};
pub use excerpt::Excerpt;
pub use finding::{Finding, Fix, FixEdit, Related, Spot};
pub use findings::{Draft, Excerpts, Findings, UnitDraft, UnitFindings};
pub use fixing::{Applied, FixError, Fixed, Over, fix, fix_once};
pub use host::{address, fits, is_loopback, is_private};
pub use in_file::{HeldBack, InFile, MailTask, Objects, RECIPIENTS, SmtpManager};
pub use in_unit::{InUnit, Spots};
pub use judged::Judged;
pub use rule::{Applicability, Category, Confidence, Rule, Severity, Tier};
pub use rules::{RULES, UnknownRule, rule};
pub use settings::{DeniedHost, Level, PathSettings, Profile, Root, Selection, Settings, absolute};
pub use suppress::{Baseline, BaselineError, Entries, Entry, Unnumbered};
