//! What is known of a sender that is no Send Mail task.

use crate::effective::Certainty;
use crate::source::Span;
use crate::xml::Place;

/// What sends mail, or calls what does, and is no Send Mail task.
#[derive(Clone, Debug)]
pub struct OtherSender {
    /// What it is.
    pub kind: SenderKind,
    /// What it sends with.
    pub means: MailMeans,
    /// The property path of the task, or of the connection manager.
    pub path: String,
    /// The component of the Data Flow task.
    pub component: Option<String>,
    /// Whether it or something around it is disabled.
    pub is_disabled: bool,
    /// What tells: a class, a procedure, a program, a type.
    pub evidence: String,
    /// The file of the script project, or the SQL file, that tells.
    pub source_file: Option<String>,
    /// The hosts that it names.
    pub hosts: Vec<NamedHost>,
    /// As whom it logs on.
    pub authentication: SenderAuthentication,
    /// Whether it asks for TLS.
    pub encryption: SenderEncryption,
    /// The passwords that are written in it: where, never what.
    pub literal_credentials: Vec<SenderSpot>,
    /// Where the evidence is.
    pub spot: SenderSpot,
}

/// A place in the file of a sender, as documents and as reports count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderSpot {
    /// In the document.
    pub span: Span,
    /// In the stored file.
    pub place: Place,
}

/// What a sender is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SenderKind {
    /// A Script task.
    ScriptTask,
    /// A Script component of a data flow.
    ScriptComponent,
    /// An Execute SQL task.
    ExecuteSql,
    /// An Execute Process task.
    ExecuteProcess,
    /// A task of somebody else.
    ThirdPartyTask,
    /// A data flow component of somebody else.
    ThirdPartyComponent,
    /// A connection manager for mail of somebody else.
    ThirdPartyConnection,
}

impl SenderKind {
    /// All of them.
    pub const ALL: [SenderKind; 7] = [
        SenderKind::ScriptTask,
        SenderKind::ScriptComponent,
        SenderKind::ExecuteSql,
        SenderKind::ExecuteProcess,
        SenderKind::ThirdPartyTask,
        SenderKind::ThirdPartyComponent,
        SenderKind::ThirdPartyConnection,
    ];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            SenderKind::ScriptTask => "script-task",
            SenderKind::ScriptComponent => "script-component",
            SenderKind::ExecuteSql => "execute-sql",
            SenderKind::ExecuteProcess => "execute-process",
            SenderKind::ThirdPartyTask => "third-party-task",
            SenderKind::ThirdPartyComponent => "third-party-component",
            SenderKind::ThirdPartyConnection => "third-party-connection",
        }
    }
}

/// What a sender sends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MailMeans {
    /// `System.Net.Mail`
    SystemNetMail,
    /// `System.Web.Mail`, of .NET 1
    SystemWebMail,
    /// MailKit and MimeKit
    MailKit,
    /// Outlook on the machine
    Outlook,
    /// Collaboration Data Objects of Windows
    Cdo,
    /// Exchange Web Services
    Exchange,
    /// Another library or service
    OtherLibrary,
    /// `Send-MailMessage` and the like
    PowerShell,
    /// A mail program
    Program,
    /// Database Mail of SQL Server, its predecessors, and its like elsewhere
    DatabaseMail,
    /// A procedure that is named for mail; what it does the files do not show
    Procedure,
    /// The vendor's own
    ThirdParty,
}

impl MailMeans {
    /// All of them.
    pub const ALL: [MailMeans; 12] = [
        MailMeans::SystemNetMail,
        MailMeans::SystemWebMail,
        MailMeans::MailKit,
        MailMeans::Outlook,
        MailMeans::Cdo,
        MailMeans::Exchange,
        MailMeans::OtherLibrary,
        MailMeans::PowerShell,
        MailMeans::Program,
        MailMeans::DatabaseMail,
        MailMeans::Procedure,
        MailMeans::ThirdParty,
    ];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            MailMeans::SystemNetMail => "system-net-mail",
            MailMeans::SystemWebMail => "system-web-mail",
            MailMeans::MailKit => "mailkit",
            MailMeans::Outlook => "outlook",
            MailMeans::Cdo => "cdo",
            MailMeans::Exchange => "exchange-web-services",
            MailMeans::OtherLibrary => "other-library",
            MailMeans::PowerShell => "powershell",
            MailMeans::Program => "program",
            MailMeans::DatabaseMail => "database-mail",
            MailMeans::Procedure => "procedure",
            MailMeans::ThirdParty => "third-party",
        }
    }
}

/// A host that a sender names.
#[derive(Clone, Debug)]
pub struct NamedHost {
    /// The variable or parameter that gives it; `None` for one that is written there.
    pub variable: Option<String>,
    /// The host, secrets masked; `None` where it is not known.
    pub value: Option<String>,
    /// How sure that is.
    pub certainty: Certainty,
    /// Where it is named.
    pub spot: SenderSpot,
}

/// As whom a sender logs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SenderAuthentication {
    /// As nobody.
    None,
    /// As the account that runs the package.
    Windows,
    /// With a user name and a password.
    Password,
    /// The files do not show it.
    Unknown,
}

impl SenderAuthentication {
    /// All of them.
    pub const ALL: [SenderAuthentication; 4] = [
        SenderAuthentication::None,
        SenderAuthentication::Windows,
        SenderAuthentication::Password,
        SenderAuthentication::Unknown,
    ];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            SenderAuthentication::None => "none",
            SenderAuthentication::Windows => "windows",
            SenderAuthentication::Password => "password",
            SenderAuthentication::Unknown => "unknown",
        }
    }
}

/// Whether a sender asks for TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SenderEncryption {
    /// It does.
    On,
    /// It says that it does not.
    Off,
    /// It does not say; most libraries then send in clear.
    Unstated,
    /// Something decides while it runs.
    Computed,
}

impl SenderEncryption {
    /// All of them.
    pub const ALL: [SenderEncryption; 4] = [
        SenderEncryption::On,
        SenderEncryption::Off,
        SenderEncryption::Unstated,
        SenderEncryption::Computed,
    ];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            SenderEncryption::On => "on",
            SenderEncryption::Off => "off",
            SenderEncryption::Unstated => "unstated",
            SenderEncryption::Computed => "computed",
        }
    }
}
