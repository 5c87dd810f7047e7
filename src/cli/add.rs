//! `dtsx add`: a new SMTP connection manager, a new Send Mail task.

mod send_mail;
mod smtp;

use std::io;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::change::carry_out;
use super::exit::Exit;
use super::streams::Streams;

/// Add an SMTP connection manager or a Send Mail task
///
/// To a package of any format (also a member of an archive, `ARCHIVE!MEMBER`), in its own layout and line ends. A
/// folder, a .dtproj or an .ispac gets the connection manager as a .conmgr, which is registered in the project.
/// `dtsx remove` takes it away again, `dtsx undo` takes the change back.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// A package; for a connection manager of the project its folder, its .dtproj or its .ispac
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Smtp(smtp::SmtpArgs),
    SendMail(send_mail::SendMailArgs),
}

pub(crate) fn run(args: &AddArgs, streams: &mut Streams<'_>) -> io::Result<Exit> {
    let (planned, change) = match &args.what {
        What::Smtp(smtp) => (smtp::plan(&args.file, smtp), &smtp.change),
        What::SendMail(task) => (send_mail::plan(&args.file, task), &task.change),
    };
    carry_out(planned, "add", change, streams)
}

fn expression(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .filter(|(property, _)| !property.is_empty())
        .map(|(property, expression)| (property.to_owned(), expression.to_owned()))
        .ok_or_else(|| "expected `PROPERTY=EXPRESSION`".to_owned())
}
