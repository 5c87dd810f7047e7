//! How fast documents are read, as ratios against roxmltree and bare quick-xml tokens in the same run.
//!
//! `cargo bench --bench parse` reads the fixtures, or the files below `DTSX_CORPUS` where it is set. Every figure
//! is the best of several rounds over all files; the three readers take turns, so that a slow moment of the machine
//! hits all of them.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dtsx::source::Source;
use dtsx::xml::{Document, Limits};

const ROUNDS: usize = 15;

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn main() {
    let folder = std::env::var_os("DTSX_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"),
        PathBuf::from,
    );
    let mut paths = Vec::new();
    files_below(&folder, &mut paths);
    let texts: Vec<String> = paths
        .iter()
        .filter(|path| {
            path.extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("dtsx"))
        })
        .filter_map(|path| Source::decode(std::fs::read(path).ok()?).ok())
        .map(|source| source.text().to_owned())
        .filter(|text| {
            Document::parse(Source::from_text(text.as_str()), &Limits::default()).is_ok()
        })
        .collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    let limits = Limits::default();
    let (mut ours, mut tree, mut tokens) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        // The copy that a source takes of its text is made before the clock runs.
        let sources: Vec<Source> = texts
            .iter()
            .map(|t| Source::from_text(t.as_str()))
            .collect();
        let start = Instant::now();
        let documents: Vec<Document> = sources
            .into_iter()
            .map(|source| Document::parse(source, &limits).unwrap())
            .collect();
        ours = ours.min(start.elapsed());
        black_box(&documents);
        drop(documents);

        let start = Instant::now();
        let trees: Vec<_> = texts
            .iter()
            .map(|text| roxmltree::Document::parse(text).unwrap())
            .collect();
        tree = tree.min(start.elapsed());
        black_box(&trees);
        drop(trees);

        let start = Instant::now();
        let mut count = 0usize;
        for text in &texts {
            let mut reader = quick_xml::Reader::from_str(text);
            while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {
                count += 1;
            }
        }
        tokens = tokens.min(start.elapsed());
        black_box(count);
    }
    let speed = |time: Duration| bytes as f64 / time.as_secs_f64() / 1e6;
    let ratio = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64();
    println!(
        "{} files, {bytes} bytes, best of {ROUNDS} rounds",
        texts.len()
    );
    println!("full document     {:8.0} MB/s", speed(ours));
    println!(
        "roxmltree         {:8.0} MB/s, {:.2} times our time",
        speed(tree),
        ratio(tree, ours)
    );
    println!(
        "quick-xml tokens  {:8.0} MB/s, ours takes {:.2} times as long",
        speed(tokens),
        ratio(ours, tokens)
    );
}
