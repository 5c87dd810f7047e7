//! Options of how mail is taken to a server.

use std::sync::Arc;

use clap::Args;

use dtsx::mail::deliver::{Trace, Traced};

/// How mail is taken to a server.
#[derive(Debug, Args)]
#[command(next_help_heading = "Delivery")]
pub(crate) struct DeliveryArgs {
    /// Try again so often after a temporary refusal or a lost connection; never when the message may have been taken
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=20))]
    pub(crate) retries: u32,
    /// Show on the error stream what is said to servers and what they say, secrets masked
    #[arg(long)]
    pub(crate) trace: bool,
}

impl DeliveryArgs {
    /// Where the dialogue with servers is shown.
    pub(crate) fn trace(&self) -> Option<Trace> {
        self.trace.then(|| -> Trace {
            Arc::new(|traced: Traced<'_>| {
                // A trace that cannot be shown stops no mail.
                use std::io::Write as _;
                let _ = writeln!(std::io::stderr().lock(), "{traced}");
            })
        })
    }
}
