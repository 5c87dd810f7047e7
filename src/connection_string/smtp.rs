//! The connection string of the SMTP connection manager.

use super::{
    ConnectionString, Dialect, Pair, Replacement, SyntaxError, SyntaxErrorKind, ValueError,
    is_secret_key,
};
use crate::secret::Secret;
use crate::source::Decoded;

/// A property that the SMTP connection string keeps, in the order in which SSIS writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SmtpProperty {
    /// Name or address of the mail server.
    Server,
    /// Whether to sign in as the Windows account that the package runs under.
    UseWindowsAuthentication,
    /// Whether to demand STARTTLS.
    EnableSsl,
    /// Time for one send, an Int32; Microsoft documents no unit. SQL Server 2012 and later.
    Timeout,
}

impl SmtpProperty {
    /// All of them, in the order in which SSIS writes them.
    pub const ALL: [SmtpProperty; 4] = [
        SmtpProperty::Server,
        SmtpProperty::UseWindowsAuthentication,
        SmtpProperty::EnableSsl,
        SmtpProperty::Timeout,
    ];

    /// The key in the connection string, which is also the name in property paths and expressions.
    pub fn key(self) -> &'static str {
        match self {
            SmtpProperty::Server => "SmtpServer",
            SmtpProperty::UseWindowsAuthentication => "UseWindowsAuthentication",
            SmtpProperty::EnableSsl => "EnableSsl",
            SmtpProperty::Timeout => "Timeout",
        }
    }

    /// The property of a key; case does not matter.
    pub fn of_key(key: &str) -> Option<SmtpProperty> {
        let mut all = SmtpProperty::ALL.into_iter();
        all.find(|property| property.key().eq_ignore_ascii_case(key))
    }

    pub(super) fn wanted(self) -> &'static str {
        match self {
            SmtpProperty::Server => "the name of a server",
            SmtpProperty::UseWindowsAuthentication | SmtpProperty::EnableSsl => {
                "`True` or `False` (`1` and `0` are read too)"
            }
            SmtpProperty::Timeout => "a whole number from 0 to 2147483647",
        }
    }
}

/// What an SMTP connection string says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SmtpConnection {
    /// Name or address of the mail server, as stored; empty where the string gives none.
    pub server: String,
    /// Whether to sign in as the Windows account that the package runs under; false where the string says nothing.
    pub use_windows_authentication: bool,
    /// Whether to demand STARTTLS; false where the string says nothing.
    pub enable_ssl: bool,
    /// Time for one send; Microsoft documents no unit.
    pub timeout: Option<i32>,
    /// Keys that the connection manager does not know, in their order. The designer drops them at its next save.
    pub unknown: Vec<UnknownKey>,
}

/// A key that the SMTP connection manager does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKey {
    /// The key as it is spelled.
    pub name: String,
    /// Its value.
    pub value: UnknownValue,
}

/// The value of an unknown key: some people put a user name and a password there.
#[derive(Clone, Debug)]
pub enum UnknownValue {
    /// A value that may be shown.
    Clear(String),
    /// A value whose key says that it may not.
    Secret(Secret),
}

impl UnknownValue {
    fn new(key: &str, value: &str) -> UnknownValue {
        if is_secret_key(key) {
            UnknownValue::Secret(Secret::new(value))
        } else {
            UnknownValue::Clear(value.to_owned())
        }
    }

    fn expose(&self) -> &str {
        match self {
            UnknownValue::Clear(text) => text,
            UnknownValue::Secret(secret) => secret.expose(),
        }
    }
}

impl PartialEq for UnknownValue {
    fn eq(&self, other: &UnknownValue) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for UnknownValue {}

impl SmtpConnection {
    /// The string as SSIS writes it: `SmtpServer=…;UseWindowsAuthentication=…;EnableSsl=…;[Timeout=…;]`, then the
    /// unknown keys. It is in clear.
    ///
    /// # Errors
    ///
    /// [`ValueError`] for a value that the string cannot hold: it knows no quoting.
    pub fn to_text(&self) -> Result<String, ValueError> {
        let mut text = String::new();
        let mut push = |key: &str, value: &str| {
            Dialect::Plain.spell(key, value, super::Quote::None)?;
            text.extend([key, "=", value, ";"]);
            Ok(())
        };
        push(SmtpProperty::Server.key(), &self.server)?;
        push(
            SmtpProperty::UseWindowsAuthentication.key(),
            boolean(self.use_windows_authentication),
        )?;
        push(SmtpProperty::EnableSsl.key(), boolean(self.enable_ssl))?;
        if let Some(timeout) = self.timeout {
            push(SmtpProperty::Timeout.key(), &timeout.to_string())?;
        }
        for unknown in &self.unknown {
            let name = Dialect::Plain.spell_key(&unknown.name)?;
            if SmtpProperty::of_key(&name).is_some() {
                return Err(ValueError::Key { key: name });
            }
            push(&name, unknown.value.expose())?;
        }
        Ok(text)
    }

    fn set(&mut self, change: &Change) {
        match change {
            Change::Server(server) => self.server.clone_from(server),
            Change::UseWindowsAuthentication(on) => self.use_windows_authentication = *on,
            Change::EnableSsl(on) => self.enable_ssl = *on,
            Change::Timeout(timeout) => self.timeout = *timeout,
        }
    }
}

/// An SMTP connection string where it stands, for reading and for editing.
#[derive(Clone, Debug)]
pub struct SmtpConnectionString<'s> {
    form: Form<'s>,
    connection: SmtpConnection,
}

#[derive(Clone)]
enum Form<'s> {
    Pairs(ConnectionString<'s>),
    /// A bare host, which the API of SSIS takes too.
    Host {
        text: &'s str,
        host: Decoded<'s>,
    },
}

/// Shows no secret.
impl std::fmt::Debug for Form<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Form::Pairs(pairs) => pairs.fmt(f),
            Form::Host { host, .. } => write!(f, "Host({:?})", host.text),
        }
    }
}

impl<'s> SmtpConnectionString<'s> {
    /// Reads the string: case of keys and blanks do not matter, Booleans are `True`/`False` in any case or `1`/`0`,
    /// and a text without `=` is a bare host. There is no quoting. Where a key stands twice, the last counts.
    ///
    /// # Errors
    ///
    /// [`SyntaxError`] with the place, for a piece without `=` among pairs, a Boolean or a number that is none.
    pub fn parse(text: &'s str) -> Result<SmtpConnectionString<'s>, SyntaxError> {
        if !text.contains('=') {
            return bare_host(text);
        }
        let pairs = ConnectionString::parse_as(text, Dialect::Plain)?;
        let mut connection = SmtpConnection::default();
        for pair in pairs.pairs() {
            match SmtpProperty::of_key(&pair.key.text) {
                Some(property) => connection.set(&read(property, pair)?),
                None => connection.unknown.push(UnknownKey {
                    name: pair.key.text.to_string(),
                    value: UnknownValue::new(&pair.key.text, &pair.value.text),
                }),
            }
        }
        Ok(SmtpConnectionString {
            form: Form::Pairs(pairs),
            connection,
        })
    }

    /// What the string says.
    pub fn connection(&self) -> &SmtpConnection {
        &self.connection
    }

    /// What the string says, without the string.
    pub fn into_connection(self) -> SmtpConnection {
        self.connection
    }

    /// The value of a property as it stands, with its place; `None` where the string does not give it.
    pub fn value(&self, property: SmtpProperty) -> Option<&Decoded<'s>> {
        match &self.form {
            Form::Pairs(pairs) => pairs.get(property.key()).map(|pair| &pair.value),
            Form::Host { host, .. } => (property == SmtpProperty::Server).then_some(host),
        }
    }

    /// Gives properties their values, all in one edit: see [`SmtpConnectionString::set`].
    ///
    /// # Errors
    ///
    /// As [`SmtpConnectionString::set`]. Of several values for one property, the last holds.
    pub fn set_all(&self, values: &[(SmtpProperty, &str)]) -> Result<Vec<Replacement>, ValueError> {
        let mut changes = Vec::new();
        for property in SmtpProperty::ALL {
            if let Some((_, value)) = values.iter().rfind(|(of, _)| *of == property) {
                changes.push((property, check(property, value)?));
            }
        }
        match &self.form {
            Form::Pairs(pairs) => edit_pairs(pairs, &changes),
            Form::Host { text, host } => self.edit_host(text, host, &changes),
        }
    }

    /// Gives one property the value: exactly the characters of the old value are replaced.
    ///
    /// A missing key is inserted where SSIS would write it; a bare host becomes pairs where the new value needs a
    /// key. An empty time-out takes the key away. Nothing is replaced where the string says the same already,
    /// however it is spelled.
    ///
    /// # Errors
    ///
    /// [`ValueError`] for a value that cannot be kept here (`;`, a line break or another control character, blanks
    /// at the ends), for a Boolean and a number that are none.
    pub fn set(&self, property: SmtpProperty, value: &str) -> Result<Vec<Replacement>, ValueError> {
        self.set_all(&[(property, value)])
    }

    fn edit_host(
        &self,
        text: &str,
        host: &Decoded<'s>,
        changes: &[(SmtpProperty, Change)],
    ) -> Result<Vec<Replacement>, ValueError> {
        let mut connection = self.connection.clone();
        for (_, change) in changes {
            connection.set(change);
        }
        if connection == self.connection {
            return Ok(Vec::new());
        }
        let range = host.raw().range();
        let stays_host = matches!(changes, [(_, Change::Server(server))]
            // Such a name would no longer be read as a bare host.
            if !server.contains('=') && !server.is_empty() && !host.text.is_empty());
        Ok(vec![if stays_host {
            Replacement {
                range,
                text: connection.server,
            }
        } else {
            Replacement {
                range: range.start..text.len(),
                text: connection.to_text()?,
            }
        }])
    }
}

fn edit_pairs(
    pairs: &ConnectionString<'_>,
    changes: &[(SmtpProperty, Change)],
) -> Result<Vec<Replacement>, ValueError> {
    let mut edits = Vec::new();
    for (property, change) in changes {
        let key = property.key();
        let Some(value) = change.spelled() else {
            edits.extend(pairs.remove(key));
            continue;
        };
        if pairs.get(key).is_none() {
            edits.push(pairs.insert(place_for(*property, pairs), key, &value)?);
        }
        // Wherever the key stands: which of several SSIS reads is not known.
        let named = pairs.pairs().iter().filter(|pair| pair.is_named(key));
        let other =
            named.filter(|pair| Change::of(*property, &pair.value.text).as_ref() != Some(change));
        edits.extend(other.map(|pair| Replacement {
            range: pair.value.raw().range(),
            text: value.clone(),
        }));
    }
    // Stable: what goes to one place stays in the order of the properties.
    edits.sort_by_key(|edit| edit.range.start);
    Ok(edits)
}

/// The pair that a missing property goes behind: the last of those that SSIS writes before it.
fn place_for<'a, 's>(
    property: SmtpProperty,
    pairs: &'a ConnectionString<'s>,
) -> Option<&'a Pair<'s>> {
    let before = SmtpProperty::ALL
        .into_iter()
        .filter(|other| *other < property);
    before.rev().find_map(|other| pairs.get(other.key()))
}

fn bare_host(text: &str) -> Result<SmtpConnectionString<'_>, SyntaxError> {
    let blank = |c: char| c.is_whitespace() || c == ';';
    let start = text.len() - text.trim_start_matches(blank).len();
    let host = text.trim_matches(blank);
    if let Some(at) = host.find(|c: char| c == ';' || c.is_control()) {
        let kind = match host.as_bytes().get(at) {
            Some(b';') => SyntaxErrorKind::MissingEquals,
            _ => SyntaxErrorKind::ControlCharacter,
        };
        return Err(SyntaxError {
            kind,
            at: start + at,
        });
    }
    Ok(SmtpConnectionString {
        form: Form::Host {
            text,
            host: Decoded::verbatim(host, u32::try_from(start).unwrap_or(u32::MAX)),
        },
        connection: SmtpConnection {
            server: host.to_owned(),
            ..SmtpConnection::default()
        },
    })
}

/// A property with a value of its type.
#[derive(PartialEq, Eq)]
enum Change {
    Server(String),
    UseWindowsAuthentication(bool),
    EnableSsl(bool),
    Timeout(Option<i32>),
}

impl Change {
    fn of(property: SmtpProperty, value: &str) -> Option<Change> {
        Some(match property {
            SmtpProperty::Server => Change::Server(value.to_owned()),
            SmtpProperty::UseWindowsAuthentication => {
                Change::UseWindowsAuthentication(read_boolean(value)?)
            }
            SmtpProperty::EnableSsl => Change::EnableSsl(read_boolean(value)?),
            SmtpProperty::Timeout if value.is_empty() => Change::Timeout(None),
            SmtpProperty::Timeout => Change::Timeout(Some(value.parse().ok()?)),
        })
    }

    /// The value as SSIS writes it; `None` where it writes no key.
    fn spelled(&self) -> Option<String> {
        match self {
            Change::Server(server) => Some(server.clone()),
            Change::UseWindowsAuthentication(on) | Change::EnableSsl(on) => {
                Some(boolean(*on).to_owned())
            }
            Change::Timeout(timeout) => timeout.map(|timeout| timeout.to_string()),
        }
    }
}

/// A stored value. A negative time-out is read, because it is a number; it cannot be set.
fn read(property: SmtpProperty, pair: &Pair<'_>) -> Result<Change, SyntaxError> {
    Change::of(property, &pair.value.text).ok_or(SyntaxError {
        kind: SyntaxErrorKind::BadValue(property),
        at: pair.value.raw().range().start,
    })
}

/// A new value.
fn check(property: SmtpProperty, value: &str) -> Result<Change, ValueError> {
    let trimmed = if property == SmtpProperty::Server {
        value
    } else {
        value.trim()
    };
    match Change::of(property, trimmed) {
        Some(Change::Server(server)) => {
            Dialect::Plain.spell(property.key(), &server, super::Quote::None)?;
            Ok(Change::Server(server))
        }
        Some(change) if !matches!(change, Change::Timeout(Some(..0))) => Ok(change),
        _ => Err(ValueError::Type {
            property,
            value: value.to_owned(),
        }),
    }
}

fn read_boolean(text: &str) -> Option<bool> {
    match text {
        "1" => Some(true),
        "0" => Some(false),
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn boolean(on: bool) -> &'static str {
    if on { "True" } else { "False" }
}
