//! What a rule is: its names, its documentation, and how it looks at files.

use std::fmt;

use super::findings::{Findings, UnitFindings};
use super::in_file::InFile;
use super::in_unit::InUnit;

/// A rule: everything that is said of it anywhere comes from here.
pub struct Rule {
    /// `SM014`; never reused.
    pub code: &'static str,
    /// `plaintext-smtp`: names the bad pattern, reads well behind "ignore".
    pub name: &'static str,
    /// What it is about.
    pub category: Category,
    /// How bad what it finds is, unless the configuration says otherwise.
    pub severity: Severity,
    /// How sure of itself it is.
    pub tier: Tier,
    /// The version that has it for the first time.
    pub since: &'static str,
    /// Whether it offers fixes.
    pub fix: Option<Applicability>,
    /// Its page, as Markdown; the first line is the summary.
    documentation: &'static str,
    pub(super) check: Check,
}

/// How a rule looks at files. It is called once for each file or unit, and holds nothing in between.
#[derive(Clone, Copy)]
pub(super) enum Check {
    /// At one file in its context.
    File(fn(&InFile<'_>, &mut Findings<'_, '_>)),
    /// At one file, and then at what is known of all files of its unit.
    FileAndUnit(
        fn(&InFile<'_>, &mut Findings<'_, '_>),
        fn(&InUnit<'_>, &mut UnitFindings<'_>),
    ),
    /// At what is known of all files of a unit.
    Unit(fn(&InUnit<'_>, &mut UnitFindings<'_>)),
    /// The engine itself finds it.
    Engine,
}

impl Rule {
    pub(super) const fn new(
        (code, name): (&'static str, &'static str),
        category: Category,
        (severity, tier): (Severity, Tier),
        since: &'static str,
        fix: Option<Applicability>,
        documentation: &'static str,
        check: Check,
    ) -> Rule {
        Rule {
            code,
            name,
            category,
            severity,
            tier,
            since,
            fix,
            documentation,
            check,
        }
    }

    /// What it finds, on one line.
    pub fn summary(&self) -> &'static str {
        self.documentation.lines().next().unwrap_or_default().trim()
    }

    /// Its page without the summary, as Markdown.
    pub fn documentation(&self) -> String {
        let lines = self.documentation.lines().skip(1);
        // Documentation comments begin with a blank.
        let lines = lines.map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end());
        let text: Vec<&str> = lines.collect();
        text.join("\n").trim().to_owned()
    }

    /// The first page that its documentation refers to.
    pub fn reference(&self) -> Option<&'static str> {
        let (_, rest) = self.documentation.split_once("<https://")?;
        let length = rest.find('>')?;
        let start = self.documentation.len() - rest.len() - "https://".len();
        self.documentation
            .get(start..start + "https://".len() + length)
    }
}

/// Two of one code are the same rule.
impl PartialEq for Rule {
    fn eq(&self, other: &Rule) -> bool {
        self.code == other.code
    }
}

impl Eq for Rule {}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.name)
    }
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Fails when the package runs.
    Failure,
    /// Leaks secrets or content, or can be misused.
    Security,
    /// Stops to work when a service ends what it relies on.
    Retirement,
    /// Mail that goes wrong, too often or to nobody.
    Delivery,
    /// Works here and not elsewhere.
    Portability,
    /// Makes changes and migrations harder.
    Hygiene,
    /// What the configuration forbids.
    Policy,
    /// What else sends mail.
    Inventory,
}

impl Category {
    /// All of them, in the order of reports.
    pub const ALL: [Category; 8] = [
        Category::Failure,
        Category::Security,
        Category::Retirement,
        Category::Delivery,
        Category::Portability,
        Category::Hygiene,
        Category::Policy,
        Category::Inventory,
    ];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Category::Failure => "failure",
            Category::Security => "security",
            Category::Retirement => "retirement",
            Category::Delivery => "delivery",
            Category::Portability => "portability",
            Category::Hygiene => "hygiene",
            Category::Policy => "policy",
            Category::Inventory => "inventory",
        }
    }

    /// What it means, for people.
    pub fn meaning(self) -> &'static str {
        match self {
            Category::Failure => "fails when the package runs",
            Category::Security => "leaks secrets or content, or can be misused",
            Category::Retirement => "stops to work when a service ends what it relies on",
            Category::Delivery => "mail that goes wrong, too often or to nobody",
            Category::Portability => "works here and not elsewhere",
            Category::Hygiene => "makes changes and migrations harder",
            Category::Policy => "what your configuration forbids",
            Category::Inventory => "what else sends mail",
        }
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Likely a fault, or a risk.
    Warning,
    /// Fails or leaks.
    Error,
}

impl Severity {
    /// All of them, the worst first.
    pub const ALL: [Severity; 3] = [Severity::Error, Severity::Warning, Severity::Info];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Something outside of the files may make it untrue.
    Low,
    /// The files decide it.
    High,
}

impl Confidence {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::High => "high",
        }
    }
}

/// How sure of itself a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// What it finds fails, leaks or is hit everywhere.
    First,
    /// Portability and hygiene.
    Second,
}

impl Tier {
    /// The number in reports.
    pub fn number(self) -> u8 {
        match self {
            Tier::First => 1,
            Tier::Second => 2,
        }
    }
}

/// Whether a fix may be carried out without a look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Applicability {
    /// It may change what the package does: `--unsafe-fixes`.
    Unsafe,
    /// The package does the same, or what was plainly meant: `--fix`.
    Safe,
}

impl Applicability {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Applicability::Unsafe => "unsafe",
            Applicability::Safe => "safe",
        }
    }
}

/// Defines the rule of a file: its page as documentation comment, then its names and properties.
macro_rules! rule {
    (
        $(#[doc = $doc:literal])*
        $code:ident $name:literal {
            category: $category:ident,
            severity: $severity:ident,
            tier: $tier:ident,
            since: $since:literal,
            $(fix: $fix:ident,)?
            check: $check:expr $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        pub(in crate::lint) static RULE: $crate::lint::Rule = {
            #[allow(unused_imports)]
            use $crate::lint::rule::Check::{Engine, File, FileAndUnit, Unit};
            #[allow(unused_mut, unused_assignments)]
            let mut fix = None;
            $(fix = Some($crate::lint::Applicability::$fix);)?
            $crate::lint::Rule::new(
                (stringify!($code), $name),
                $crate::lint::Category::$category,
                ($crate::lint::Severity::$severity, $crate::lint::Tier::$tier),
                $since,
                fix,
                concat!($($doc, "\n"),*),
                $check,
            )
        };
    };
}
pub(in crate::lint) use rule;
