//! Runs the command as people do.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::fixtures;

/// What a run of the command left.
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error}:\n{}\n{}", self.out, self.err))
    }

    /// Everything that somebody can read.
    pub fn shown(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

/// A command that sees nothing of who runs the tests.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dtsx"));
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI", "TERM"] {
        command.env_remove(variable);
    }
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs the command in the folder of the fixtures, so that all paths are relative.
pub fn dtsx<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Run {
    dtsx_in(&fixtures(), args)
}

/// Runs the command in a folder.
pub fn dtsx_in<S: AsRef<OsStr>>(folder: &Path, args: impl IntoIterator<Item = S>) -> Run {
    finish(command(folder).args(args), None)
}

/// Runs the command in a folder with something on its standard input.
pub fn dtsx_fed<S: AsRef<OsStr>>(
    folder: &Path,
    args: impl IntoIterator<Item = S>,
    input: &[u8],
) -> Run {
    finish(
        command(folder).args(args).stdin(Stdio::piped()),
        Some(input),
    )
}

/// Runs what was put together.
pub fn finish(command: &mut Command, input: Option<&[u8]>) -> Run {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    if let Some(input) = input {
        let mut stdin = child.stdin.take().expect("a pipe");
        // The command may have read enough.
        let _ = stdin.write_all(input);
    }
    let output = child.wait_with_output().expect("the command ends");
    Run {
        code: output.status.code().expect("the command is not killed"),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}
