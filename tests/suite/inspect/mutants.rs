//! Damaged files never bring the reader down.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::secrets::reports_on;
use crate::support::{Seeded, files_below, fixtures};

/// Changes a file as accidents do, and as people do: half of the time it stays well-formed.
pub fn mutate(bytes: &mut Vec<u8>, random: &mut Seeded) {
    for _ in 0..1 + random.below(3) {
        if bytes.is_empty() {
            return;
        }
        if random.below(3) > 0 {
            exchange_values(bytes, random);
        } else {
            damage(bytes, random);
        }
    }
}

/// A value where another value was: ids that lead elsewhere, numbers that are none, names of the wrong kind.
fn exchange_values(bytes: &mut Vec<u8>, random: &mut Seeded) {
    let quotes: Vec<usize> = memchr::memchr_iter(b'"', bytes).collect();
    let (pairs, _) = quotes.as_chunks::<2>();
    if pairs.is_empty() {
        return damage(bytes, random);
    }
    let [from, from_end] = random.pick(pairs);
    let [to, to_end] = random.pick(pairs);
    let made_up: [&[u8]; 6] = [
        b"",
        b"-1",
        b"99999999999999999999",
        b"{}",
        b"[]].\\",
        "\u{202e}й😀".as_bytes(),
    ];
    let value = match random.below(3) {
        0 => random.pick(&made_up).to_vec(),
        _ => bytes[from + 1..from_end].to_vec(),
    };
    bytes.splice(to + 1..to_end, value);
}

/// Bytes flipped, lost, doubled, swapped, or markup where none was.
fn damage(bytes: &mut Vec<u8>, random: &mut Seeded) {
    let at = random.below(bytes.len());
    let len = 1 + random.below((bytes.len() - at).min(200));
    match random.below(8) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = random.below(256) as u8,
        2 => drop(bytes.drain(at..at + len)),
        3 => {
            let piece = bytes[at..at + len].to_vec();
            bytes.splice(at..at, piece);
        }
        4 => bytes.truncate(at),
        5 => {
            let other = random.below(bytes.len());
            bytes.swap(at, other);
        }
        6 => {
            let markup: [&[u8]; 10] = [
                b"<",
                b">",
                b"&",
                b"\"",
                b"\0",
                b"]]>",
                b"<!--",
                b"\xFF\xFE",
                b"DTS:",
                b"{}",
            ];
            bytes.splice(at..at, random.pick(&markup).iter().copied());
        }
        _ => {
            // A piece of the file where another piece was.
            let from = random.below(bytes.len());
            let piece = bytes[from..(from + len).min(bytes.len())].to_vec();
            bytes.splice(at..at + len, piece);
        }
    }
}

#[test]
fn two_thousand_damaged_files_are_read_or_refused() {
    let files: Vec<(String, Vec<u8>)> = files_below(&fixtures())
        .into_iter()
        .filter(|path| {
            !path
                .extension()
                .is_some_and(|it| it == "md" || it == "py" || it == "tsv" || it == "case")
        })
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(path).unwrap())
        })
        // A megabyte of script adds nothing but time.
        .filter(|(_, bytes)| bytes.len() < 200_000)
        .collect();
    let mut random = Seeded::new(20_240_304);
    let (mut read, mut refused) = (0, 0);
    for number in 0..2_000 {
        let (name, original) = &files[number % files.len()];
        let mut bytes = original.clone();
        mutate(&mut bytes, &mut random);
        let outcome = catch_unwind(AssertUnwindSafe(|| reports_on(name, bytes.clone())));
        let (files, errors, _) = outcome.unwrap_or_else(|_| {
            let path = std::env::temp_dir().join(format!("mutant-{number}-{name}"));
            std::fs::write(&path, &bytes).unwrap();
            panic!("mutant {number} of {name} is kept as {}", path.display())
        });
        assert!(
            files + errors > 0 || name.to_lowercase().ends_with("xml") || name.ends_with("csv"),
            "mutant {number} of {name} vanished"
        );
        read += files;
        refused += errors;
    }
    assert!(
        read > 700 && refused > 700,
        "{read} read, {refused} refused"
    );
}
