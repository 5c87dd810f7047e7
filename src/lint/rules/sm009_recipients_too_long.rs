//! SM009: more recipients than a line can hold.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile, RECIPIENTS};

rule! {
    /// A recipient line is longer than 256 characters
    ///
    /// ## What it does
    /// Counts the characters of the To, Cc and Bcc lines of Send Mail tasks, as they will be at run time.
    ///
    /// ## Why it matters
    /// Microsoft documents 256 characters for each line. The designer refuses longer ones and expressions can give
    /// them, so that whether all of them get the mail is a matter of luck.
    ///
    /// ## Example
    /// ```text
    /// ToLine: first.person@example.com;second.person@example.com;third.person@example.com; … 300 characters
    /// ```
    ///
    /// ## Instead
    /// Send to a distribution list:
    ///
    /// ```text
    /// ToLine: etl-alerts@example.com
    /// ```
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    SM009 "recipients-too-long" {
        category: Delivery,
        severity: Warning,
        tier: First,
        since: "0.1.0",
        check: File(check),
    }
}

/// Microsoft: "each line can contain up to 256 characters".
const LONGEST: usize = 256;

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        for property in RECIPIENTS {
            let line = at.mail(task, property);
            let length = line.text().map_or(0, |text| text.chars().count());
            if length > LONGEST {
                let message = format!(
                    "the line has {length} characters, and {LONGEST} are documented: send to a distribution list"
                );
                found.report(Draft::value(task.target(), line, message));
            }
        }
    }
}
