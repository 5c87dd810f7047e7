//! What the journal costs: 1,000 files changed through it, against the same bytes written to the same files one by
//! one, each with an fsync. Both in one run, taken in turns; the ratio of the medians is the figure (target: at most
//! 2). `cargo bench --bench apply [FOLDER]` works in FOLDER, the system's temporary one by default.

use std::error::Error;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dtsx::apply::{self, Journal, OnRefusal, Origin};
use dtsx::host::RealFiles;
use dtsx::project::{Hash, Write};
use tempfile::TempDir;

const FILES: usize = 1_000;
const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo passes `--bench`.
    let folder = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    let place = match folder {
        Some(folder) => TempDir::new_in(folder)?,
        None => TempDir::new()?,
    };
    let (mut through_journal, mut one_by_one) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        one_by_one.push(write_one_by_one(place.path(), round)?);
        through_journal.push(write_through_journal(place.path(), round)?);
    }
    let (through_journal, one_by_one) = (median(through_journal), median(one_by_one));
    let megabytes = (0..FILES).map(size).sum::<usize>() / 1_000_000;
    let ratio = through_journal.as_secs_f64() / one_by_one.as_secs_f64();
    #[allow(clippy::print_stdout)]
    {
        println!("{FILES} files, {megabytes} MB, median of {ROUNDS} rounds");
        println!("one by one, each with fsync: {one_by_one:.2?}");
        println!("through the journal:         {through_journal:.2?}");
        println!("ratio: {ratio:.2} (target: at most 2)");
    }
    Ok(())
}

/// Sizes as those of real packages: most below 64 KiB, some far above.
fn size(number: usize) -> usize {
    match number % 20 {
        0 => 300_000,
        1..=4 => 90_000,
        rest => 4_000 * rest,
    }
}

fn content(number: usize, version: usize) -> Vec<u8> {
    format!("<package number=\"{number}\" version=\"{version}\"/>\r\n")
        .bytes()
        .cycle()
        .take(size(number))
        .collect()
}

fn path(folder: &Path, number: usize) -> PathBuf {
    folder
        .join("etl")
        .join((number / 50).to_string())
        .join(format!("{number}.dtsx"))
}

/// Puts old files there, all on the disk.
fn prepare(folder: &Path) -> std::io::Result<()> {
    for number in 0..FILES {
        let path = path(folder, number);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = File::create(path)?;
        file.write_all(&content(number, 0))?;
        file.sync_all()?;
    }
    Ok(())
}

fn write_one_by_one(folder: &Path, round: usize) -> std::io::Result<Duration> {
    prepare(folder)?;
    let contents: Vec<_> = (0..FILES)
        .map(|number| content(number, round + 1))
        .collect();
    let begun = Instant::now();
    for (number, content) in contents.iter().enumerate() {
        let mut file = File::create(path(folder, number))?;
        file.write_all(content)?;
        file.sync_all()?;
    }
    Ok(begun.elapsed())
}

fn write_through_journal(folder: &Path, round: usize) -> Result<Duration, Box<dyn Error>> {
    prepare(folder)?;
    let plan: Vec<_> = (0..FILES)
        .map(|number| {
            let before = Hash::of(&content(number, 0));
            Write::change(
                path(folder, number),
                before,
                content(number, round + 1),
                "benchmark",
            )
        })
        .collect();
    let origin = Origin {
        inputs: vec![folder.join("etl")],
        command: "bench".to_owned(),
        recipe: None,
        user: String::new(),
        time: jiff::Timestamp::UNIX_EPOCH,
        id: u64::try_from(round)?.to_be_bytes(),
    };
    let mut journal = Journal::new(folder.join("state"), origin);
    let begun = Instant::now();
    let applied = apply::apply(
        plan.into_iter(),
        &|_| Ok(()),
        OnRefusal::TakeBack,
        &mut journal,
        &RealFiles,
    );
    let took = begun.elapsed();
    if !applied.is_whole() {
        return Err(format!("{:?}", applied.failure).into());
    }
    Ok(took)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
