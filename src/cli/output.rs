//! Which formats to print, and where to.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use anstream::adapter::StripBytes;
use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Args, Command, ValueEnum};

use dtsx::host::{RealFiles, WritableFiles as _};
use dtsx::package::FileKind;

use super::exit::Exit;
use super::streams::{Colours, Refusal};

/// How to print, and where to; `F` are the formats that a command has.
#[derive(Debug, Args)]
pub(crate) struct OutputArgs<F: ValueEnum + Clone + Send + Sync + 'static> {
    /// How to print: to the standard output, or with `=FILE` into a file (repeatable) [default: human]
    #[arg(
        long = "format",
        value_name = "FORMAT[=FILE]",
        value_parser = WantedParser::<F>(PhantomData),
        help_heading = "Output"
    )]
    formats: Vec<Wanted<F>>,
    /// Print into this file instead of the standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
}

/// `FORMAT[=FILE]`
#[derive(Clone, Debug)]
struct Wanted<F> {
    format: F,
    file: Option<PathBuf>,
}

impl<F: ValueEnum + Clone + PartialEq + Send + Sync + 'static> OutputArgs<F> {
    /// Creates the files, before any long work that would have been in vain.
    pub(crate) fn open<'s>(
        &self,
        usual: F,
        stdout: &'s mut dyn Write,
    ) -> Result<Outputs<'s, F>, Refusal> {
        let wanted = self.wanted(usual)?;
        let mut stdout = Some(stdout);
        let alone = wanted.len() == 1;
        let mut outputs = Vec::new();
        for Wanted { format, file } in wanted {
            let place = match file {
                Some(path) => Place::File(create(&path)?, path),
                None => match stdout.take() {
                    Some(stdout) if alone => Place::Stdout(stdout),
                    Some(stdout) => Place::StdoutAmongOthers(Some(stdout)),
                    None => {
                        return Err(Refusal::usage(
                            "the standard output takes one format: print the others into files, as in \
                             `--format json=report.json`",
                        ));
                    }
                },
            };
            outputs.push((format, place));
        }
        Ok(Outputs(outputs))
    }

    /// Whether a format goes to the standard output.
    pub(crate) fn prints(&self, format: &F) -> bool {
        let on_stdout = |path: &Option<PathBuf>| path.as_deref().is_none_or(is_stdout);
        let mut formats = self.formats.iter();
        on_stdout(&self.output)
            && formats.any(|wanted| wanted.format == *format && on_stdout(&wanted.file))
    }

    /// Whether a format is asked for, anywhere; `usual` is where nothing is.
    pub(crate) fn has(&self, format: &F, usual: &F) -> bool {
        match self.formats.as_slice() {
            [] => format == usual,
            all => all.iter().any(|wanted| wanted.format == *format),
        }
    }

    fn wanted(&self, usual: F) -> Result<Vec<Wanted<F>>, Refusal> {
        let mut wanted = self.formats.clone();
        if wanted.is_empty() {
            wanted.push(Wanted {
                format: usual,
                file: None,
            });
        }
        if let Some(output) = &self.output {
            match wanted.as_mut_slice() {
                [only] if only.file.is_none() => only.file = Some(output.clone()),
                _ => {
                    return Err(Refusal::usage(
                        "`-o` names the file of a single report: with more than one, and where `--format` names \
                         the file already, leave it out",
                    ));
                }
            }
        }
        for (index, one) in wanted.iter().enumerate() {
            let others = wanted.iter().skip(index + 1);
            let is_same = |other: &Wanted<F>| match (&one.file, &other.file) {
                (Some(a), Some(b)) => is_same_file(a, b),
                _ => false,
            };
            if others.clone().any(is_same) {
                return Err(Refusal::usage("two reports cannot go into one file"));
            }
        }
        for one in &mut wanted {
            one.file.take_if(|file| is_stdout(file));
        }
        Ok(wanted)
    }
}

fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

/// Whether two names mean one file, which may not be there yet.
fn is_same_file(a: &Path, b: &Path) -> bool {
    let real = |path: &Path| {
        RealFiles.canonical(path).or_else(|_| {
            let folder = match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder,
                _ => Path::new("."),
            };
            let folder = RealFiles.canonical(folder)?;
            Ok::<_, io::Error>(folder.join(path.file_name().unwrap_or_default()))
        })
    };
    match (real(a), real(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

fn create(path: &Path) -> Result<BufWriter<File>, Refusal> {
    let extension = path.extension().and_then(OsStr::to_str);
    // A report never replaces what it reports on.
    if extension.and_then(FileKind::of_extension).is_some() && path.exists() {
        return Err(Refusal::usage(format!(
            "`{}` is a file of SSIS: a report would overwrite it",
            path.display()
        )));
    }
    let file = RealFiles.open_report(path).map_err(|error| Refusal {
        exit: Exit::Unwritten,
        message: format!("`{}` could not be created: {error}", path.display()),
    })?;
    Ok(BufWriter::new(file))
}

/// The reports that are to be written.
pub(crate) struct Outputs<'s, F>(Vec<(F, Place<'s>)>);

impl<'s, F: PartialEq> Outputs<'s, F> {
    /// Where the reports of a format for programs go; `None` where nobody asked for it.
    pub(crate) fn take(&mut self, format: &F) -> Option<Output<'s>> {
        self.take_with(format, |_| None)
    }

    /// Where the reports of a format for people go, who see colours only where it says.
    pub(crate) fn take_text(&mut self, format: &F, colours: Colours) -> Option<Output<'s>> {
        self.take_with(format, |place| {
            let is_file = matches!(place, Place::File(..));
            let shows_colours = match colours {
                Colours::Nowhere => false,
                Colours::OnStdout => !is_file,
                Colours::Everywhere => true,
            };
            (!shows_colours).then(StripBytes::new)
        })
    }

    fn take_with(
        &mut self,
        format: &F,
        strip: impl Fn(&Place<'_>) -> Option<StripBytes>,
    ) -> Option<Output<'s>> {
        let places: Vec<_> = self
            .0
            .extract_if(.., |(found, _)| found == format)
            .map(|(_, place)| (strip(&place), place))
            .collect();
        (!places.is_empty()).then_some(Output(places))
    }
}

/// A report that goes to all its places at the same time; without colours where something strips them.
pub(crate) struct Output<'s>(Vec<(Option<StripBytes>, Place<'s>)>);

enum Place<'s> {
    Stdout(&'s mut dyn Write),
    /// `None` once the pipe was closed: who closed it has read enough, and the others go on.
    StdoutAmongOthers(Option<&'s mut dyn Write>),
    File(BufWriter<File>, PathBuf),
}

impl Place<'_> {
    fn with(&mut self, act: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        match self {
            Place::Stdout(stdout) => act(stdout),
            Place::StdoutAmongOthers(place) => {
                let result = match place {
                    Some(stdout) => act(*stdout),
                    None => Ok(()),
                };
                match result {
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                        *place = None;
                        Ok(())
                    }
                    result => result,
                }
            }
            Place::File(file, path) => act(file).map_err(|error| {
                // Not of the same kind: a named pipe that somebody closed is no reason to end in silence.
                io::Error::other(format!("`{}`: {error}", path.display()))
            }),
        }
    }
}

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for (strip, place) in &mut self.0 {
            match strip {
                Some(strip) => {
                    for piece in strip.strip_next(bytes) {
                        place.with(|out| out.write_all(piece))?;
                    }
                }
                None => place.with(|out| out.write_all(bytes))?,
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0
            .iter_mut()
            .try_for_each(|(_, place)| place.with(|out| out.flush()))
    }
}

#[derive(Debug)]
struct WantedParser<F>(PhantomData<F>);

impl<F> Clone for WantedParser<F> {
    fn clone(&self) -> Self {
        WantedParser(PhantomData)
    }
}

impl<F: ValueEnum + Clone + Send + Sync + 'static> TypedValueParser for WantedParser<F> {
    type Value = Wanted<F>;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Wanted<F>, clap::Error> {
        let text = value.to_string_lossy();
        let (name, file) = match text.split_once('=') {
            Some((name, file)) => (name, Some(file)),
            None => (&*text, None),
        };
        let format = F::from_str(name, false).map_err(|_| {
            let mut error = clap::Error::new(ErrorKind::InvalidValue).with_cmd(command);
            let argument = argument.map(ToString::to_string).unwrap_or_default();
            let names = names::<F>().map(|name| name.get_name().to_owned());
            for (kind, value) in [
                (ContextKind::InvalidArg, ContextValue::String(argument)),
                (
                    ContextKind::InvalidValue,
                    ContextValue::String(name.to_owned()),
                ),
                (
                    ContextKind::ValidValue,
                    ContextValue::Strings(names.collect()),
                ),
            ] {
                error.insert(kind, value);
            }
            error
        })?;
        let refused = |message: String| {
            clap::Error::raw(ErrorKind::ValueValidation, message).with_cmd(command)
        };
        match file {
            None => Ok(Wanted { format, file: None }),
            Some("") => Err(refused(format!(
                "expected the name of a file behind `{name}=`\n"
            ))),
            Some(_) if value.to_str().is_none() => Err(refused(format!(
                "the name of the file behind `{name}=` is not Unicode: use `-o` for it\n"
            ))),
            Some(file) => Ok(Wanted {
                format,
                file: Some(PathBuf::from(file)),
            }),
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(names::<F>()))
    }
}

fn names<F: ValueEnum + 'static>() -> impl Iterator<Item = PossibleValue> {
    F::value_variants()
        .iter()
        .filter_map(ValueEnum::to_possible_value)
}

/// Writes a file that only its owner can read, and never over a file of SSIS.
pub(crate) fn private(path: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    let mut file = create(path)?;
    let written = file.write_all(bytes).and_then(|()| file.flush());
    written.map_err(|error| Refusal {
        exit: Exit::Unwritten,
        message: format!("`{}` could not be written: {error}", path.display()),
    })
}
