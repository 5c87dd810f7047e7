//! `dtsx explain`: the page of a lint rule.

use std::io::{self, Write as _};

use clap::{Args, ValueEnum};

use dtsx::lint::{RULES, Rule, rule};
use dtsx::report::{human, json};

use super::exit::Exit;
use super::output::OutputArgs;
use super::streams::Streams;

/// Show what a lint rule finds, why it matters, and what to do
///
/// Without a rule it lists all of them.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The rule, by code or name: `SM014`, `plaintext-smtp`
    #[arg(value_name = "RULE")]
    rule: Option<String>,
    #[command(flatten)]
    output: OutputArgs<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people, in Markdown
    Human,
    /// The schema `dtsx/explain@1`
    Json,
}

pub(crate) fn run(args: &ExplainArgs, streams: &mut Streams<'_>) -> io::Result<Exit> {
    streams.out_takes_json = args.output.prints(&Format::Json);
    let rules: Vec<&'static Rule> = match &args.rule {
        None => RULES.to_vec(),
        Some(name) => match rule(name) {
            Ok(rule) => vec![rule],
            Err(error) => {
                let advice = match error.nearest {
                    Some(_) => "",
                    None => ": `dtsx explain` lists them",
                };
                return streams.usage(&format!("{error}{advice}"));
            }
        },
    };
    let mut outputs = match args.output.open(Format::Human, &mut *streams.out) {
        Ok(outputs) => outputs,
        Err(refusal) => return streams.refuse(&refusal),
    };
    if let Some(mut out) = outputs.take(&Format::Json) {
        json::explain::write(&mut out, &rules)?;
        out.flush()?;
    }
    if let Some(mut out) = outputs.take_text(&Format::Human, streams.colours) {
        match (&args.rule, rules.as_slice()) {
            (Some(_), [rule]) => human::lint::write_page(&mut out, rule)?,
            _ => {
                for rule in &rules {
                    let mark = if rule.fix.is_some() { "[*]" } else { "   " };
                    let severity = rule.severity.name();
                    writeln!(
                        out,
                        "{}  {mark}  {severity:7}  {:26}  {}",
                        rule.code,
                        rule.name,
                        rule.summary()
                    )?;
                }
            }
        }
        out.flush()?;
    }
    Ok(Exit::Done)
}
