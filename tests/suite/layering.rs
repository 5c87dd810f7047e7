//! Who may use whom: `ARCHITECTURE.md` is the table, and this holds every source file against it.
//!
//! What is seen: every path that begins with `crate::`, or that leaves its room through `super::`, in `use`
//! declarations, types, expressions, attributes and the tokens of macros; external crates by their names; and the
//! names by which code reaches the outside. What is not: input and output through a method (`path.exists()`), and
//! what a macro of another crate writes. Tests inside of `src` may use what they like.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use proc_macro2::{Spacing, Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};

use crate::support::files_below;

/// The rows of the two tables in `ARCHITECTURE.md`.
struct Architecture {
    rooms: BTreeMap<String, Room>,
    /// A name of the outside, and what kind it is: `std::fs` is files.
    outside: BTreeMap<String, String>,
}

#[derive(Default)]
struct Room {
    /// Rooms that its row names, and those that come with "and what it may".
    uses: BTreeSet<String>,
    crates: BTreeSet<String>,
    outside: BTreeSet<String>,
}

/// What a path in the code means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Room,
    Crate,
    Outside,
}

/// A line that uses what its row does not give it.
struct Violation {
    file: PathBuf,
    line: usize,
    room: String,
    kind: Kind,
    used: String,
    path: String,
    may: BTreeSet<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation {
            room, used, path, ..
        } = self;
        let may = self
            .may
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(" ");
        let may = if may.is_empty() {
            "nothing".to_owned()
        } else {
            may
        };
        write!(f, "{}:{}: ", self.file.display(), self.line)?;
        match self.kind {
            Kind::Room => write!(
                f,
                "`{room}` uses `{used}` (`{path}`), but may use {may}; move the code to a room that may, or let its \
                 caller pass the thing in, or change the row in ARCHITECTURE.md and say why"
            ),
            Kind::Crate => write!(
                f,
                "`{room}` uses the crate `{used}` (`{path}`), but its crates are {may}; ask the room that has it, or \
                 add it to the row in ARCHITECTURE.md and say why"
            ),
            Kind::Outside => write!(
                f,
                "`{room}` reaches for {used} (`{path}`), but may reach for {may}; take a trait of `host` as an \
                 argument instead"
            ),
        }
    }
}

impl Architecture {
    fn read(text: &str) -> Architecture {
        let mut rooms = BTreeMap::new();
        let mut passed_on: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in table(text, "room") {
            let name = names(&row["room"]).remove(0);
            let mut room = Room::default();
            for piece in row["may use"].split(';') {
                let named = names(piece);
                if piece.contains("and what it may") {
                    let of = named
                        .last()
                        .expect("a room before `and what it may`")
                        .clone();
                    passed_on.entry(name.clone()).or_default().push(of);
                }
                room.uses.extend(named);
            }
            room.crates.extend(names(&row["crates"]));
            let outside = row["outside"].split(',').map(|word| word.trim().to_owned());
            room.outside.extend(outside.filter(|word| !word.is_empty()));
            assert!(
                rooms.insert(name.clone(), room).is_none(),
                "two rows for `{name}`"
            );
        }
        // A row may stand before the row whose rooms it takes over, so this goes on until nothing is added.
        loop {
            let mut added = false;
            for (name, others) in &passed_on {
                let more: Vec<_> = others
                    .iter()
                    .flat_map(|of| rooms[of].uses.clone())
                    .collect();
                let uses = &mut rooms.get_mut(name).expect("a row").uses;
                let before = uses.len();
                uses.extend(more);
                added |= uses.len() > before;
            }
            if !added {
                break;
            }
        }
        let mut outside = BTreeMap::new();
        for row in table(text, "outside") {
            for name in names(&row["names"]) {
                outside.insert(name, row["outside"].trim().to_owned());
            }
        }
        Architecture { rooms, outside }
    }

    /// The row that a module falls under: the longest that its path begins with.
    fn row_of(&self, module: &[String]) -> Option<String> {
        (1..=module.len())
            .rev()
            .map(|len| module[..len].join("/"))
            .find(|name| self.rooms.contains_key(name))
    }

    /// The violations in one file of a room.
    fn check(
        &self,
        file: &Path,
        source: &str,
        module: &[String],
        crates: &BTreeSet<String>,
    ) -> Vec<Violation> {
        let syntax =
            syn::parse_file(source).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut paths = Paths {
            module: module.to_vec(),
            found: Vec::new(),
        };
        paths.visit_file(&syntax);
        let mut violations: Vec<Violation> = Vec::new();
        for (path, span) in paths.found {
            let found = self.judge(&path, module, crates);
            violations.extend(found.into_iter().map(|(room, kind, used, may)| Violation {
                file: file.to_owned(),
                line: span.start().line,
                room,
                kind,
                used,
                path: path.join("::"),
                may,
            }));
        }
        violations.sort_by(|a, b| (a.line, &a.used).cmp(&(b.line, &b.used)));
        violations.dedup_by(|a, b| (a.line, &a.used) == (b.line, &b.used));
        violations
    }

    /// What is wrong with a path, if anything is: in which room, and what it uses.
    fn judge(
        &self,
        path: &[String],
        module: &[String],
        crates: &BTreeSet<String>,
    ) -> Option<(String, Kind, String, BTreeSet<String>)> {
        let name = self.row_of(module).unwrap_or_else(|| module.join("/"));
        let nothing = Room::default();
        let room = self.rooms.get(&name).unwrap_or(&nothing);
        let first = path.first()?;
        if let Some((_, kind)) = self
            .outside
            .iter()
            .find(|(outside, _)| reaches(path, outside))
        {
            let violation = (name, Kind::Outside, kind.clone(), room.outside.clone());
            return (!room.outside.contains(kind)).then_some(violation);
        }
        if crates.contains(first) {
            let violation = (name, Kind::Crate, first.clone(), room.crates.clone());
            return (!room.crates.contains(first)).then_some(violation);
        }
        if first != "crate" {
            return None;
        }
        let target = path.get(1..)?;
        let top = target.first()?;
        if module.first() == Some(top) {
            return None;
        }
        // The room itself, or one that it is a part of.
        let used = self.row_of(target).unwrap_or_else(|| top.clone());
        let allowed = room.uses.contains(&used) || room.uses.contains(top);
        (!allowed).then(|| (name, Kind::Room, used, room.uses.clone()))
    }
}

/// Whether a path is, or begins with, a name of the outside; one that begins with a type stands for its last words.
fn reaches(path: &[String], outside: &str) -> bool {
    let words: Vec<&str> = outside.split("::").collect();
    match words.first() {
        Some(&"std") => path.len() >= words.len() && path.iter().zip(&words).all(|(a, b)| a == b),
        _ => {
            path.len() >= words.len()
                && path[path.len() - words.len()..]
                    .iter()
                    .zip(&words)
                    .all(|(a, b)| a == b)
        }
    }
}

/// The rows of the table whose first column is `first`, as maps from the head of the column.
fn table(text: &str, first: &str) -> Vec<BTreeMap<String, String>> {
    let cells = |line: &str| -> Vec<String> {
        line.trim()
            .trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    let mut lines = text
        .lines()
        .skip_while(|line| !line.starts_with(&format!("| {first} |")));
    let head = cells(
        lines
            .next()
            .unwrap_or_else(|| panic!("ARCHITECTURE.md has no table of `{first}`")),
    );
    let rows: Vec<_> = lines
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .map(cells)
        .collect();
    let as_map = |row: Vec<String>| {
        assert_eq!(row.len(), head.len(), "a row of other length: {row:?}");
        head.iter().cloned().zip(row).collect()
    };
    rows.into_iter().map(as_map).collect()
}

/// The words between backticks.
fn names(cell: &str) -> Vec<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// Collects every path of a file, with `super` and `self` resolved as far as they lead to the root of the crate.
struct Paths {
    /// The module that is being read, from the root of the crate.
    module: Vec<String>,
    found: Vec<(Vec<String>, Span)>,
}

impl Paths {
    fn push(&mut self, words: Vec<String>, span: Span) {
        if let Some(path) = self.resolved(words) {
            self.found.push((path, span));
        }
    }

    /// The path as it reads from the root of the crate, or as it stands when it does not begin with one of the three.
    fn resolved(&self, words: Vec<String>) -> Option<Vec<String>> {
        let ups = words
            .iter()
            .take_while(|word| *word == "super" || *word == "self")
            .count();
        if ups == 0 {
            return Some(words);
        }
        let supers = words[..ups].iter().filter(|word| *word == "super").count();
        let base = self.module.len().checked_sub(supers)?;
        let path = ["crate".to_owned()]
            .into_iter()
            .chain(self.module[..base].iter().cloned());
        Some(path.chain(words[ups..].iter().cloned()).collect())
    }

    fn tree(&mut self, tree: &syn::UseTree, before: &[String]) {
        match tree {
            syn::UseTree::Path(path) => {
                let words: Vec<_> = before
                    .iter()
                    .cloned()
                    .chain([path.ident.to_string()])
                    .collect();
                self.tree(&path.tree, &words);
            }
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|item| self.tree(item, before))
            }
            syn::UseTree::Name(name) => self.leaf(&name.ident, before),
            syn::UseTree::Rename(rename) => self.leaf(&rename.ident, before),
            syn::UseTree::Glob(glob) => self.push(before.to_vec(), glob.star_token.spans[0]),
        }
    }

    fn leaf(&mut self, ident: &syn::Ident, before: &[String]) {
        // `use a::{self}` names `a`.
        let itself = *ident == "self" && !before.is_empty();
        let last = (!itself).then(|| ident.to_string());
        self.push(before.iter().cloned().chain(last).collect(), ident.span());
    }

    /// `a::b::c` in the tokens of a macro or an attribute.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut words: Vec<(String, Span)> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match &token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    colons += if punct.spacing() == Spacing::Joint || colons == 1 {
                        1
                    } else {
                        0
                    };
                    continue;
                }
                TokenTree::Ident(ident) if colons == 2 && !words.is_empty() => {
                    words.push((ident.to_string(), ident.span()));
                    colons = 0;
                    continue;
                }
                _ => {}
            }
            self.flush(&mut words);
            colons = 0;
            match token {
                TokenTree::Ident(ident) => words.push((ident.to_string(), ident.span())),
                TokenTree::Group(group) => self.tokens(group.stream()),
                _ => {}
            }
        }
        self.flush(&mut words);
    }

    /// One word alone is a variable or a keyword there, not a path.
    fn flush(&mut self, words: &mut Vec<(String, Span)>) {
        if words.len() > 1 {
            let span = words[0].1;
            self.push(words.iter().map(|(word, _)| word.clone()).collect(), span);
        }
        words.clear();
    }
}

/// `#[cfg(test)]`, `#[cfg(all(test, …))]`, `#[test]`.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let words = list.tokens.to_string();
            !words.contains("not")
                && words
                    .split(|c: char| !c.is_alphanumeric())
                    .any(|word| word == "test")
        }
        _ => false,
    })
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if is_test(&item.attrs) {
            return;
        }
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if !is_test(&item.attrs) {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test(&item.attrs) {
            self.tree(&item.tree, &[]);
        }
    }

    /// `pub(in crate::mail)` says who may see something, and uses nothing.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let words: Vec<_> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        if let (true, Some(first)) = (words.len() > 1, path.segments.first()) {
            self.push(words, first.ident.span());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.visit_path(&item.path);
        self.tokens(item.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        self.visit_path(attribute.path());
        match &attribute.meta {
            syn::Meta::List(list) => self.tokens(list.tokens.clone()),
            syn::Meta::NameValue(value) => self.visit_expr(&value.value),
            syn::Meta::Path(_) => {}
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn architecture() -> Architecture {
    Architecture::read(&std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap())
}

/// The names by which the code calls its dependencies.
fn dependencies() -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let cargo: toml::Table = text.parse().unwrap();
    let mut tables = vec![&cargo["dependencies"]];
    if let Some(targets) = cargo.get("target").and_then(toml::Value::as_table) {
        tables.extend(
            targets
                .values()
                .filter_map(|target| target.get("dependencies")),
        );
    }
    let names = tables
        .into_iter()
        .filter_map(toml::Value::as_table)
        .flat_map(|table| table.keys());
    names.map(|name| name.replace('-', "_")).collect()
}

/// The module that a file is: `src/mail/deliver/wire.rs` is `mail`, `deliver`, `wire`; `main.rs` belongs to `cli`.
fn module_of(file: &Path) -> Vec<String> {
    let mut module: Vec<_> = file
        .with_extension("")
        .iter()
        .map(|part| part.to_str().unwrap().to_owned())
        .collect();
    if module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    if module == ["main"] {
        vec!["cli".to_owned()]
    } else {
        module
    }
}

#[test]
fn no_room_uses_what_its_row_does_not_give_it() {
    let (architecture, crates, src) = (architecture(), dependencies(), root().join("src"));
    let mut violations = Vec::new();
    let mut files = 0;
    for path in files_below(&src) {
        let file = path.strip_prefix(&src).unwrap();
        // The front page names the rooms; what it shows of them is theirs.
        let skipped = file == Path::new("lib.rs") || file.ends_with("tests.rs");
        if path.extension().is_none_or(|extension| extension != "rs") || skipped {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        violations.extend(architecture.check(
            &Path::new("src").join(file),
            &source,
            &module_of(file),
            &crates,
        ));
        files += 1;
    }
    let list: Vec<_> = violations.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "\n{}\n", list.join("\n"));
    assert!(files > 30, "{files} files");
}

#[test]
fn every_room_has_a_row() {
    let architecture = architecture();
    let lib = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    for item in syn::parse_file(&lib).unwrap().items {
        if let syn::Item::Mod(module) = item {
            let name = module.ident.to_string();
            assert!(
                architecture.rooms.contains_key(&name),
                "`{name}` has no row in ARCHITECTURE.md"
            );
        }
    }
    for (name, room) in &architecture.rooms {
        for used in &room.uses {
            assert!(
                architecture.rooms.contains_key(used),
                "`{name}` may use `{used}`, which is no room"
            );
        }
        for outside in &room.outside {
            assert!(
                architecture.outside.values().any(|known| known == outside),
                "{outside} is no outside"
            );
        }
    }
}

/// Rooms that use each other are one room.
#[test]
fn the_house_has_no_circle() {
    let architecture = architecture();
    for (name, room) in &architecture.rooms {
        for used in &room.uses {
            assert!(
                !architecture.rooms[used].uses.contains(name),
                "`{name}` and `{used}` may use each other"
            );
        }
    }
    let built =
        |done: &BTreeSet<String>, room: &Room| room.uses.iter().all(|used| done.contains(used));
    let mut done = BTreeSet::new();
    while done.len() < architecture.rooms.len() {
        let next: Vec<_> = architecture
            .rooms
            .iter()
            .filter(|(name, room)| !done.contains(*name) && built(&done, room))
            .collect();
        assert!(
            !next.is_empty(),
            "a circle among the rooms that are not {done:?}"
        );
        done.extend(next.into_iter().map(|(name, _)| name.clone()));
    }
}

#[test]
fn the_table_is_read_as_it_is_meant() {
    let architecture = architecture();
    let may = |room: &str, used: &str| architecture.rooms[room].uses.contains(used);
    assert!(may("migrate", "xml") && may("migrate", "effective") && may("migrate", "host"));
    assert!(may("mail", "expression") && !may("mail/deliver", "package") && !may("mail", "flow"));
    assert!(
        !may("lint", "apply") && !may("apply", "effective") && !may("connection_string", "xml")
    );
    assert!(!architecture.rooms["mail"].crates.contains("rustls"));
    assert!(architecture.rooms["host"].uses.is_empty());
    assert_eq!(architecture.outside["std::fs"], "files");
}

/// `(line, what is used)` of every violation in a snippet that stands in a module.
fn violations(module: &str, source: &str) -> Vec<(usize, String)> {
    let module: Vec<_> = module.split('/').map(str::to_owned).collect();
    let found = architecture().check(Path::new("snippet.rs"), source, &module, &dependencies());
    found
        .into_iter()
        .map(|violation| (violation.line, violation.used))
        .collect()
}

#[test]
fn a_violation_is_seen_wherever_it_hides() {
    for (module, source, used) in [
        ("lint/rule", "use crate::apply::Journal;", "apply"),
        (
            "lint/rule",
            "use crate::{package::Package, migrate};",
            "migrate",
        ),
        (
            "lint/rule",
            "pub use super::super::report as shown;",
            "report",
        ),
        ("lint", "pub use super::report::*;", "report"),
        (
            "lint/rule",
            "mod inner { use super::super::super::report::X; }",
            "report",
        ),
        (
            "lint/rule",
            "fn f() { let x = crate::apply::undo(); }",
            "apply",
        ),
        ("lint/rule", "fn f(x: &crate::report::Json) {}", "report"),
        ("lint/rule", "impl crate::flow::Sender for X {}", "flow"),
        (
            "lint/rule",
            "fn f() { println!(\"{}\", crate::apply::VERSION); }",
            "apply",
        ),
        (
            "lint/rule",
            "fn f() { assert!(matches!(x, [super::super::apply::Outcome::Done])); }",
            "apply",
        ),
        (
            "lint/rule",
            "#[derive(Clone, lettre::Trait)] struct X;",
            "lettre",
        ),
        ("xml/node", "use crate::package::Package;", "package"),
        ("xml/node", "use crate::renamed::Package;", "renamed"),
        (
            "mail/deliver/wire",
            "use crate::package::Package;",
            "package",
        ),
        ("mail/compose", "use rustls::ClientConfig;", "rustls"),
        (
            "mail/compose",
            "fn f() { let s = std::net::TcpStream::connect(x); }",
            "network",
        ),
        (
            "mail/compose",
            "fn f() { net::TcpStream::connect(x); }",
            "network",
        ),
        ("package", "use ::zip::ZipArchive;", "zip"),
        (
            "package",
            "fn f() { ::lettre::Message::builder(); }",
            "lettre",
        ),
        ("package", "use std::{fs, io};", "files"),
        ("package", "use std::fs::{self};", "files"),
        (
            "package",
            "fn f() { let now = std::time::SystemTime::now(); }",
            "clock",
        ),
        ("package", "use std::time::SystemTime;", "clock"),
        (
            "package",
            "fn f() { let now = jiff::Zoned::now(); }",
            "clock",
        ),
        ("package", "fn f() { let id = Uuid::new_v4(); }", "random"),
        (
            "project",
            "fn f() { std::env::var(\"HOME\"); }",
            "environment",
        ),
        (
            "report",
            "fn f() { writeln!(std::io::stdout(), \"\"); }",
            "streams",
        ),
        (
            "apply",
            "fn f() { std::process::Command::new(\"git\"); }",
            "process",
        ),
        ("nowhere", "use crate::source::Span;", "source"),
    ] {
        assert_eq!(
            violations(module, source),
            [(1, used.to_owned())],
            "{module}: {source}"
        );
    }
}

#[test]
fn what_a_row_gives_is_no_violation() {
    for (module, source) in [
        (
            "lint/rule",
            "use crate::{package::Package, inventory, xml::*};",
        ),
        (
            "lint/rule",
            "use super::registry::Rule; use crate::lint::Meta; use self::inner::X;",
        ),
        (
            "lint/rule",
            "pub(in crate::report) fn f() {} fn g() { Vec::new(); std::io::sink(); }",
        ),
        (
            "mail/deliver/wire",
            "use std::net::TcpStream; use super::super::visible; use crate::host::Clock;",
        ),
        (
            "mail/deliver/wire",
            "use std::time::{Duration, Instant}; use rustls::ClientConfig;",
        ),
        (
            "mail",
            "mod deliver; pub use deliver::Wire; use crate::mail::deliver::Reply; use lettre::Address;",
        ),
        (
            "package",
            "use std::{net::IpAddr, time::Duration}; #[derive(thiserror::Error)] enum E {}",
        ),
        (
            "package",
            "#[cfg(test)] mod tests { use std::fs; use crate::apply::undo; }",
        ),
        (
            "package",
            "#[test] fn t() { std::fs::read(x); crate::mail::send(); }",
        ),
        (
            "cli/run",
            "use std::fs; use dtsx::mail::Wire; use crate::cli::streams::Streams;",
        ),
        (
            "host/unix",
            "use std::os::unix::fs::MetadataExt; use std::fs::File;",
        ),
    ] {
        assert_eq!(violations(module, source), [], "{module}: {source}");
    }
}

#[test]
fn a_violation_says_where_it_is_and_what_to_do() {
    let source = "//! A rule.\n\nuse crate::apply::Journal;\n";
    let module = ["lint".to_owned(), "rule".to_owned()];
    let found = architecture().check(
        Path::new("src/lint/rule.rs"),
        source,
        &module,
        &dependencies(),
    );
    let text = found[0].to_string();
    assert!(
        text.starts_with(
            "src/lint/rule.rs:3: `lint` uses `apply` (`crate::apply::Journal`), but may use "
        ),
        "{text}"
    );
    assert!(
        text.contains("`inventory`") && text.contains("change the row in ARCHITECTURE.md"),
        "{text}"
    );
}
