//! A case of `fixtures/lint`: a few files, written short, and what a rule must find in them, to the character.
//!
//! `fixtures/lint/README.md` describes the notation.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use dtsx::lint::Severity;

/// A case: files, and what must be found.
pub struct Case {
    pub name: String,
    pub files: BTreeMap<String, String>,
    pub expected: Vec<Expected>,
}

/// What must be found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expected {
    pub file: String,
    pub start: usize,
    pub end: usize,
    pub severity: Option<Severity>,
}

impl Case {
    pub fn read(path: &Path) -> Case {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut files: Vec<(String, Vec<&str>)> = Vec::new();
        for line in text.lines() {
            if let Some(header) = line.strip_prefix("=== ") {
                files.push((header.trim().to_owned(), Vec::new()));
            } else if let Some((_, lines)) = files.last_mut() {
                lines.push(line);
            } else {
                assert!(
                    line.is_empty() || line.starts_with('#'),
                    "{name}: `{line}` before the first file"
                );
            }
        }
        assert!(!files.is_empty(), "{name}: no files");
        let mut case = Case {
            name,
            files: BTreeMap::new(),
            expected: Vec::new(),
        };
        for (header, lines) in files {
            let mut words = header.split(' ');
            let file = words.next().unwrap().to_owned();
            let options: Vec<(&str, &str)> = words.filter_map(|it| it.split_once('=')).collect();
            let marked = content(&file, &options, &lines);
            let text = case.unmark(&file, &marked);
            case.files.insert(file, text);
        }
        case
    }

    /// Takes the brackets out and notes where they were.
    fn unmark(&mut self, file: &str, marked: &str) -> String {
        let mut text = String::new();
        let mut open = Vec::new();
        let mut rest = marked;
        while let Some(at) = rest.find(['⟦', '⟧']) {
            text.push_str(&rest[..at]);
            let bracket = rest[at..].chars().next().unwrap();
            rest = &rest[at + bracket.len_utf8()..];
            if bracket == '⟦' {
                let severity = match rest.get(..2) {
                    Some("E|") => Some(Severity::Error),
                    Some("W|") => Some(Severity::Warning),
                    Some("I|") => Some(Severity::Info),
                    _ => None,
                };
                if severity.is_some() {
                    rest = &rest[2..];
                }
                open.push((text.len(), severity));
            } else {
                let (start, severity) = open.pop().expect("⟧ behind ⟦");
                self.expected.push(Expected {
                    file: file.to_owned(),
                    start,
                    end: text.len(),
                    severity,
                });
            }
        }
        assert!(open.is_empty(), "{}: ⟦ without ⟧", self.name);
        text.push_str(rest);
        text
    }
}

fn content(file: &str, options: &[(&str, &str)], lines: &[&str]) -> String {
    let first = lines.iter().find(|line| !line.trim().is_empty());
    let is_literal = first.is_none_or(|line| line.trim_start_matches('⟦').starts_with('<'));
    let extension = file.rsplit('.').next().unwrap();
    if is_literal || !["dtsx", "dtsxp", "conmgr", "params", "dtproj"].contains(&extension) {
        return lines.join("\n");
    }
    match extension {
        "conmgr" => connection_manager_file(lines),
        "params" => parameters_file(lines),
        "dtproj" => project_file(lines),
        _ => package(file, options, lines),
    }
}

/// An id that a name always has.
pub fn id(name: &str) -> String {
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in name.bytes() {
        hash = (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    let digits = format!("{hash:032X}");
    let part = |range: Range<usize>| &digits[range];
    format!(
        "{{{}-{}-{}-{}-{}}}",
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32)
    )
}

/// Values are plain text; `⏎` is a line break in them.
fn escaped(value: &str) -> String {
    value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
        .replace('⏎', "&#xA;")
}

fn bare(text: &str) -> String {
    text.replace(['⟦', '⟧'], "")
        .trim_start_matches("E|")
        .trim_start_matches("W|")
        .trim_start_matches("I|")
        .to_owned()
}

/// Lines that belong to a thing: those that are indented deeper than it.
struct Lines<'l> {
    lines: Vec<&'l str>,
    at: usize,
}

impl<'l> Lines<'l> {
    fn next(&mut self) -> Option<&'l str> {
        while let Some(line) = self.lines.get(self.at) {
            self.at += 1;
            if !line.trim().is_empty() && !line.trim_start().starts_with('#') {
                return Some(line);
            }
        }
        None
    }

    /// The lines behind a line of this depth that are deeper.
    fn inside(&mut self, depth: usize) -> Vec<&'l str> {
        let mut inside = Vec::new();
        while let Some(line) = self.lines.get(self.at) {
            if !line.trim().is_empty() && indentation(line) <= depth {
                break;
            }
            inside.push(*line);
            self.at += 1;
        }
        inside
    }
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// What a container holds.
#[derive(Default)]
struct Held {
    connections: String,
    variables: String,
    parameters: String,
    executables: String,
    handlers: String,
    raw: String,
}

impl Held {
    fn read(lines: &[&str], around: &str) -> Held {
        let mut held = Held::default();
        let mut lines = Lines {
            lines: lines.to_vec(),
            at: 0,
        };
        while let Some(line) = lines.next() {
            let inside = lines.inside(indentation(line));
            let line = line.trim();
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "@smtp" => held.connections += &manager(rest, Some("SMTP"), &inside),
                "@manager" => held.connections += &manager(rest, None, &inside),
                "@variable" | "@computed" => held.variables += &variable(word, rest),
                "@parameter" => held.parameters += &parameter(rest),
                "@mail" => held.executables += &mail(rest, around, &inside),
                "@sequence" => held.executables += &sequence(rest, around, &inside),
                "@handler" => held.handlers += &handler(rest, around, &inside),
                "@task" => held.executables += &task(rest, around, &inside),
                "@xml" => {
                    let xml = inside.join("\n") + "\n";
                    match rest {
                        "connections" => held.connections += &xml,
                        "variables" => held.variables += &xml,
                        "executables" => held.executables += &xml,
                        "handlers" => held.handlers += &xml,
                        "root" => held.raw += &xml,
                        other => panic!("@xml {other}"),
                    }
                }
                other => panic!("what is `{other}`?"),
            }
        }
        held
    }

    fn written(&self) -> String {
        let group = |name: &str, inside: &str| match inside {
            "" => String::new(),
            inside => format!("<DTS:{name}>\n{inside}</DTS:{name}>\n"),
        };
        self.raw.clone()
            + &group("ConnectionManagers", &self.connections)
            + &group("PackageParameters", &self.parameters)
            + &group("Variables", &self.variables)
            + &group("Executables", &self.executables)
            + &group("EventHandlers", &self.handlers)
    }
}

fn package(file: &str, options: &[(&str, &str)], lines: &[&str]) -> String {
    let name = file.rsplit_once('.').unwrap().0;
    let of = |wanted: &str| {
        options
            .iter()
            .find(|(key, _)| *key == wanted)
            .map(|it| it.1)
    };
    let format = of("format").unwrap_or("8");
    let others = options.iter().filter(|(key, _)| *key != "format");
    let others: String = others
        .map(|(key, value)| format!(" DTS:{key}=\"{}\"", escaped(value)))
        .collect();
    let level = match of("ProtectionLevel") {
        Some(_) => "",
        None => " DTS:ProtectionLevel=\"0\"",
    };
    format!(
        "<?xml version=\"1.0\"?>\n<DTS:Executable xmlns:DTS=\"www.microsoft.com/SqlServer/Dts\" DTS:refId=\"Package\" \
         DTS:CreationName=\"Microsoft.Package\" DTS:DTSID=\"{}\" DTS:ExecutableType=\"Microsoft.Package\" \
         DTS:ObjectName=\"{name}\"{level}{others}>\n<DTS:Property \
         DTS:Name=\"PackageFormatVersion\">{format}</DTS:Property>\n{}</DTS:Executable>\n",
        id(file),
        Held::read(lines, "Package").written()
    )
}

/// Attributes of the object (`.Disabled: True`), of its data (`To: a@example.com`) and expressions (`= ToLine: "x"`).
struct Properties {
    object: String,
    data: Vec<(String, String)>,
    expressions: String,
    rest: Vec<String>,
}

fn properties(lines: &[&str]) -> Properties {
    let mut found = Properties {
        object: String::new(),
        data: Vec::new(),
        expressions: String::new(),
        rest: Vec::new(),
    };
    for line in lines.iter().map(|line| line.trim()) {
        let pair = line
            .split_once(':')
            .map(|(key, value)| (key.trim(), value.trim()));
        match (line, pair) {
            ("", _) => {}
            (line, _) if line.starts_with(['<', '@', '#']) => found.rest.push(line.to_owned()),
            (line, Some((key, value))) if line.starts_with("= ") => {
                let key = key.trim_start_matches("= ");
                let value = value.replace('&', "&amp;").replace('<', "&lt;");
                found.expressions += &format!(
                    "<DTS:PropertyExpression DTS:Name=\"{key}\">{value}</DTS:PropertyExpression>\n"
                );
            }
            (_, Some((key, value))) if key.starts_with('.') => {
                found.object += &format!(" DTS:{}=\"{}\"", &key[1..], escaped(value));
            }
            (_, Some((key, value))) => found.data.push((key.to_owned(), value.to_owned())),
            (line, None) => panic!("what is `{line}`?"),
        }
    }
    found
}

fn manager(rest: &str, of_type: Option<&str>, inside: &[&str]) -> String {
    let (name, rest) = word(rest);
    let (type_name, string) = match of_type {
        Some(type_name) => (type_name.to_owned(), rest),
        None => word(rest),
    };
    let properties = properties(inside);
    let data = match type_name.as_str() {
        "SMTP" => format!(
            "<SmtpConnectionManager ConnectionString=\"{}\" />",
            escaped(string)
        ),
        _ => format!(
            "<DTS:ConnectionManager DTS:ConnectionString=\"{}\" />",
            escaped(string)
        ),
    };
    let plain = bare(&name);
    format!(
        "<DTS:ConnectionManager DTS:refId=\"Package.ConnectionManagers[{plain}]\" DTS:CreationName=\"{type_name}\" \
         DTS:DTSID=\"{}\" DTS:ObjectName=\"{name}\"{}>\n{}<DTS:ObjectData>\n{data}\n</DTS:ObjectData>\n\
         </DTS:ConnectionManager>\n",
        id(&plain),
        properties.object,
        properties.expressions
    )
}

/// A word, in quotes where it holds blanks.
fn word(text: &str) -> (String, &str) {
    let text = text.trim_start();
    if let Some(quoted) = text.strip_prefix('"') {
        let (word, rest) = quoted.split_once('"').expect("a closing quote");
        return (word.to_owned(), rest.trim_start());
    }
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    (word.to_owned(), rest)
}

fn variable(kind: &str, rest: &str) -> String {
    let (full, value) = rest.split_once(" = ").unwrap_or((rest, ""));
    let (full, data_type) = match full.split_once(' ') {
        Some((full, data_type)) => (full, data_type),
        None => (full, "8"),
    };
    let (namespace, name) = full.split_once("::").expect("a namespace");
    let expression = match kind {
        "@computed" => format!(
            " DTS:EvaluateAsExpression=\"True\" DTS:Expression=\"{}\"",
            escaped(value)
        ),
        _ => String::new(),
    };
    let value = match kind {
        "@computed" => String::new(),
        _ => escaped(value),
    };
    format!(
        "<DTS:Variable DTS:DTSID=\"{}\" DTS:Namespace=\"{namespace}\" DTS:ObjectName=\"{name}\"{expression}>\
         <DTS:VariableValue DTS:DataType=\"{data_type}\">{value}</DTS:VariableValue></DTS:Variable>\n",
        id(&bare(full))
    )
}

fn parameter(rest: &str) -> String {
    let (name, value) = rest.split_once(" = ").expect("a value");
    format!(
        "<DTS:PackageParameter DTS:DataType=\"8\" DTS:DTSID=\"{}\" DTS:ObjectName=\"{name}\"><DTS:Property \
         DTS:DataType=\"8\" DTS:Name=\"ParameterValue\">{}</DTS:Property></DTS:PackageParameter>\n",
        id(&bare(name)),
        escaped(value)
    )
}

fn executable(name: &str, type_name: &str, around: &str, properties: &str, inside: &str) -> String {
    let plain = bare(name);
    format!(
        "<DTS:Executable DTS:refId=\"{around}\\{plain}\" DTS:CreationName=\"{type_name}\" DTS:DTSID=\"{}\" \
         DTS:ExecutableType=\"{type_name}\" DTS:ObjectName=\"{name}\"{properties}>\n{inside}</DTS:Executable>\n",
        id(&format!("{around}\\{plain}")),
    )
}

fn mail(rest: &str, around: &str, inside: &[&str]) -> String {
    let (name, _) = word(rest);
    let name = name.as_str();
    let properties = properties(inside);
    let mut data = String::new();
    let mut attachments = String::new();
    for (key, value) in &properties.data {
        match key.as_str() {
            // A name stands for the id of the manager, so that what is not a name dangles.
            "SMTPServer" if !bare(value).starts_with(['{', '\\']) && !bare(value).is_empty() => {
                let name = bare(value);
                let value = value.replace(&name, &id(&name));
                data += &format!(" SendMailTask:SMTPServer=\"{value}\"");
            }
            "FileName" => {
                attachments = format!(
                    "<SendMailTask:Attachments SendMailTask:FileName=\"{}\" />",
                    escaped(value)
                );
            }
            _ => data += &format!(" SendMailTask:{key}=\"{}\"", escaped(value)),
        }
    }
    let held = Held::read(&nested(inside), &format!("{around}\\{}", bare(name)));
    let inside = format!(
        "{}{}<DTS:ObjectData>\n<SendMailTask:SendMailTaskData{data} \
         xmlns:SendMailTask=\"www.microsoft.com/sqlserver/dts/tasks/sendmailtask\">{attachments}\
         </SendMailTask:SendMailTaskData>\n</DTS:ObjectData>\n",
        properties.expressions,
        held.written(),
    );
    executable(
        name,
        "Microsoft.SendMailTask",
        around,
        &properties.object,
        &inside,
    )
}

/// The `@…` among the lines of a thing, with what belongs to them.
fn nested<'l>(lines: &[&'l str]) -> Vec<&'l str> {
    let mut nested = Vec::new();
    let mut depth = None;
    for line in lines {
        match depth {
            Some(around) if indentation(line) > around => nested.push(*line),
            _ if line.trim_start().starts_with('@') => {
                depth = Some(indentation(line));
                nested.push(*line);
            }
            _ => depth = None,
        }
    }
    nested
}

/// The lines of a thing that are about itself.
fn own<'l>(lines: &[&'l str]) -> Vec<&'l str> {
    let nested = nested(lines);
    lines
        .iter()
        .filter(|line| !nested.iter().any(|it| std::ptr::eq(*it, **line)))
        .copied()
        .collect()
}

fn sequence(rest: &str, around: &str, inside: &[&str]) -> String {
    let (name, _) = word(rest);
    let name = name.as_str();
    let properties = properties(&own(inside));
    let held = Held::read(&nested(inside), &format!("{around}\\{}", bare(name)));
    let inside = properties.expressions + &held.written();
    executable(name, "STOCK:SEQUENCE", around, &properties.object, &inside)
}

fn handler(event: &str, around: &str, inside: &[&str]) -> String {
    let properties = properties(&own(inside));
    let plain = bare(event);
    let held = Held::read(&nested(inside), &format!("{around}.EventHandlers[{plain}]"));
    format!(
        "<DTS:EventHandler DTS:refId=\"{around}.EventHandlers[{plain}]\" DTS:CreationName=\"{plain}\" \
         DTS:DTSID=\"{}\" DTS:EventID=\"0\" DTS:EventName=\"{event}\"{}>\n{}</DTS:EventHandler>\n",
        id(&format!("{around}.{plain}")),
        properties.object,
        held.written()
    )
}

/// `@task NAME TYPE`, its data as XML in the lines below.
fn task(rest: &str, around: &str, inside: &[&str]) -> String {
    let (name, type_name) = word(rest);
    let properties = properties(&own(inside));
    let held = Held::read(&nested(inside), &format!("{around}\\{}", bare(&name)));
    let data = properties.rest.join("\n");
    let inside = format!(
        "{}{}<DTS:ObjectData>\n{data}\n</DTS:ObjectData>\n",
        properties.expressions,
        held.written()
    );
    executable(&name, type_name.trim(), around, &properties.object, &inside)
}

fn connection_manager_file(lines: &[&str]) -> String {
    let held = Held::read(lines, "Project");
    let manager = held.connections.replacen(
        "<DTS:ConnectionManager ",
        "<DTS:ConnectionManager xmlns:DTS=\"www.microsoft.com/SqlServer/Dts\" ",
        1,
    );
    let reference = "Project.ConnectionManagers[";
    format!(
        "<?xml version=\"1.0\"?>\n{}",
        manager.replace("Package.ConnectionManagers[", reference)
    )
}

const SSIS: &str = "xmlns:SSIS=\"www.microsoft.com/SqlServer/SSIS\"";

fn ssis_parameter(name: &str, value: &str, data_type: &str, extra: &str) -> String {
    format!(
        "<SSIS:Parameter SSIS:Name=\"{name}\"><SSIS:Properties><SSIS:Property SSIS:Name=\"ID\">{}</SSIS:Property>{extra}\
         <SSIS:Property SSIS:Name=\"Value\">{}</SSIS:Property><SSIS:Property \
         SSIS:Name=\"DataType\">{data_type}</SSIS:Property></SSIS:Properties></SSIS:Parameter>\n",
        id(&bare(name)),
        escaped(value)
    )
}

/// `NAME = VALUE`, `!NAME = VALUE` for a sensitive one.
fn parameters_file(lines: &[&str]) -> String {
    let mut all = String::new();
    for line in lines.iter().filter(|line| !line.trim().is_empty()) {
        let (name, value) = line.split_once('=').expect("a value");
        let (name, value) = (name.trim(), value.trim());
        let (name, sensitive) = match name.strip_prefix('!') {
            Some(name) => (name, "1"),
            None => (name, "0"),
        };
        let extra = format!("<SSIS:Property SSIS:Name=\"Sensitive\">{sensitive}</SSIS:Property>");
        all += &ssis_parameter(name, value, "18", &extra);
    }
    format!("<?xml version=\"1.0\"?>\n<SSIS:Parameters {SSIS}>\n{all}</SSIS:Parameters>\n")
}

/// `package X.dtsx`, `manager X.conmgr`, `copy CM.Mail.SmtpServer = x`, `copy X.dtsx|CM.Mail.SmtpServer = x`,
/// `level EncryptSensitiveWithUserKey`, `model Package`.
fn project_file(lines: &[&str]) -> String {
    let (mut packages, mut managers, mut project_copies) =
        (String::new(), String::new(), String::new());
    let mut package_copies: BTreeMap<String, String> = BTreeMap::new();
    let (mut level, mut model) = ("DontSaveSensitive".to_owned(), "Project");
    for line in lines
        .iter()
        .map(|line| line.trim())
        .filter(|line| !line.is_empty())
    {
        let (word, rest) = line.split_once(' ').expect("a word and what it says");
        match word {
            "package" => {
                packages +=
                    &format!("<SSIS:Package SSIS:Name=\"{rest}\" SSIS:EntryPoint=\"1\" />\n");
                package_copies.entry(rest.to_owned()).or_default();
            }
            "manager" => {
                managers += &format!("<SSIS:ConnectionManager SSIS:Name=\"{rest}\" />\n");
            }
            "level" => level = rest.to_owned(),
            "model" => model = rest,
            "copy" => {
                let (name, value) = rest.split_once('=').expect("a value");
                let (name, value) = (name.trim(), value.trim());
                let data_type = match bare(value).as_str() {
                    "true" | "false" => "3",
                    _ => "18",
                };
                match name.split_once('|') {
                    Some((package, name)) => {
                        *package_copies.entry(package.to_owned()).or_default() +=
                            &ssis_parameter(name, value, data_type, "");
                    }
                    None => project_copies += &ssis_parameter(name, value, data_type, ""),
                }
            }
            other => panic!("what is `{other}`?"),
        }
    }
    let info: String = package_copies
        .iter()
        .map(|(package, copies)| {
            format!(
                "<SSIS:PackageMetaData SSIS:Name=\"{package}\"><SSIS:Parameters>\n{copies}</SSIS:Parameters>\
                 </SSIS:PackageMetaData>\n"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Project>\n<DeploymentModel>{model}</DeploymentModel>\n\
         <DeploymentModelSpecificContent>\n<Manifest>\n<SSIS:Project SSIS:ProtectionLevel=\"{level}\" {SSIS}>\n\
         <SSIS:Properties><SSIS:Property SSIS:Name=\"Name\">Etl</SSIS:Property></SSIS:Properties>\n<SSIS:Packages>\n\
         {packages}</SSIS:Packages>\n<SSIS:ConnectionManagers>\n{managers}</SSIS:ConnectionManagers>\n\
         <SSIS:DeploymentInfo>\n<SSIS:ProjectConnectionParameters>\n{project_copies}\
         </SSIS:ProjectConnectionParameters>\n<SSIS:PackageInfo>\n{info}</SSIS:PackageInfo>\n</SSIS:DeploymentInfo>\n\
         </SSIS:Project>\n</Manifest>\n</DeploymentModelSpecificContent>\n</Project>\n"
    )
}
