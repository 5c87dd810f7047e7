//! Connection managers: a string, and properties that are parts of it.

use crate::connection_string::{
    ConnectionString, Replacement, SmtpConnection, SmtpConnectionString, SmtpProperty,
};
use crate::expression::{DataType, Lookup, TypeName, Value};
use crate::package::{ConnectionManager, Target, boolean};
use crate::project::File;

use super::layers::{Key, Layer, LayerValue};
use super::origin::{Certainty, Link, Origin};
use super::package::{PackageValues, over};
use super::parameter::link;
use super::property::{WHOLE, bare, normalise};
use super::server::Held;
use super::types::Takes;
use super::valued::Valued;

/// A part of a connection string that is a property of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Smtp(SmtpProperty),
    /// The name of the property, and the keys that hold it, the one that is written first.
    Keys(&'static str, &'static [&'static str]),
}

/// What connection managers of databases call the keys of their connection strings.
const KEYS: [(&str, &[&str]); 4] = [
    ("ServerName", &["Data Source", "Server", "Address"]),
    ("InitialCatalog", &["Initial Catalog", "Database"]),
    ("UserName", &["User ID", "UID", "User Name"]),
    ("Password", &["Password", "PWD"]),
];

impl Part {
    pub(super) fn of(manager: ConnectionManager<'_>, property: &str) -> Option<Part> {
        if manager.is_smtp() {
            return SmtpProperty::of_key(property).map(Part::Smtp);
        }
        let mut all = KEYS.iter();
        let is_meant = |it: &str| it.eq_ignore_ascii_case(property);
        let found = all.find(|(name, keys)| is_meant(name) || keys.iter().any(|key| is_meant(key)));
        found.map(|&(name, keys)| Part::Keys(name, keys))
    }

    fn all(manager: ConnectionManager<'_>) -> Vec<Part> {
        match manager.is_smtp() {
            true => SmtpProperty::ALL.map(Part::Smtp).into(),
            false => KEYS.map(|(name, keys)| Part::Keys(name, keys)).into(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Part::Smtp(property) => property.key(),
            Part::Keys(name, _) => name,
        }
    }

    /// The part of a connection string, or why it cannot be told.
    fn read(self, string: &str) -> Result<String, String> {
        match self {
            Part::Smtp(property) => {
                let read =
                    SmtpConnectionString::parse(string).map_err(|error| error.to_string())?;
                let value = read.value(property).map(|it| it.text.to_string());
                Ok(match property {
                    SmtpProperty::Server => read.connection().server.clone(),
                    SmtpProperty::UseWindowsAuthentication | SmtpProperty::EnableSsl => {
                        let on = value.as_deref().and_then(boolean) == Some(true);
                        if on { "True" } else { "False" }.to_owned()
                    }
                    SmtpProperty::Timeout => value.unwrap_or_default(),
                })
            }
            Part::Keys(_, keys) => {
                let read = ConnectionString::parse(string).map_err(|error| error.to_string())?;
                let found = keys.iter().find_map(|key| read.get(key));
                Ok(found
                    .map(|pair| pair.value.text.to_string())
                    .unwrap_or_default())
            }
        }
    }
}

/// A connection manager: its string and the parts of it write the same fields, so the last that is applied counts.
pub(super) struct Manager<'v, 'a> {
    pub(super) values: &'v PackageValues<'a>,
    pub(super) holder: &'a File,
    pub(super) manager: ConnectionManager<'a>,
    pub(super) target: Target<'a>,
}

/// Something that writes the string or a part of it, in the order in which it is done.
struct Write {
    /// `None` for the whole string.
    part: Option<Part>,
    valued: Valued,
}

impl<'a> Manager<'_, 'a> {
    fn key(&self) -> Key {
        (self.holder.id, self.target.node().id())
    }

    /// All of them, from the stored string to the overrides.
    fn writes(&self) -> Vec<Write> {
        let values = self.values;
        let mut writes = vec![Write {
            part: None,
            valued: self.stored(),
        }];
        let of_execution = |layer: &&Layer| layer.origin == Origin::ExecutionParameter;
        let layers = values.layers().of(self.key()).iter();
        for layer in layers.clone().filter(|layer| !of_execution(layer)) {
            self.put(layer, &mut writes);
        }
        self.server(&mut writes);
        // What is given for one execution wins over what the server holds.
        for layer in layers.filter(of_execution) {
            self.put(layer, &mut writes);
        }
        // Of expressions those of the parts are taken to come last: they say more.
        let parts = Part::all(self.manager).into_iter().map(Some);
        for part in std::iter::once(None).chain(parts) {
            let name = part.map_or(WHOLE, Part::name);
            if let Some(valued) = values.computed_by_expression(self.holder, self.target, name) {
                writes.push(Write { part, valued });
            }
        }
        for layer in values.layers().overrides(self.key()) {
            self.put(layer, &mut writes);
        }
        writes
    }

    fn stored(&self) -> Valued {
        let stored = self.manager.connection_string();
        let text = stored.map(|it| it.text().into_text().into_owned());
        let origin = match stored {
            Some(_) => Origin::Design,
            None => Origin::Default,
        };
        let mut valued = Valued::found(Value::text(text.unwrap_or_default()), origin);
        if let Some(stored) = stored {
            valued.chain.push(Link {
                kind: Origin::Design,
                path: format!("{}.Properties[{WHOLE}]", self.values.path_of(self.target)),
                file: Some(self.holder.label.clone()),
                place: Some(self.holder.document.place(stored.span())),
            });
        }
        self.values.doubt_default(&mut valued);
        valued
    }

    fn put(&self, layer: &Layer, writes: &mut Vec<Write>) {
        let part = match layer.property.eq_ignore_ascii_case(WHOLE) {
            true => None,
            false => match Part::of(self.manager, &layer.property) {
                Some(part) => Some(part),
                // Another property of the manager.
                None => return,
            },
        };
        let before = match (&layer.value, part) {
            // What only may be set leaves what is there.
            (LayerValue::Perhaps { .. }, None) => self.whole(writes),
            (LayerValue::Perhaps { .. }, Some(part)) => self.last(part, writes),
            _ => bare(),
        };
        let valued = over(before, layer, TypeName::Wstr, &layer.property);
        writes.push(Write { part, valued });
    }

    /// What the SSIS catalog holds for the manager, as parameters `CM.Mail.SmtpServer`.
    fn server(&self, writes: &mut Vec<Write>) {
        let unit = self.values.unit();
        let Some(server) = &unit.given().server else {
            return;
        };
        let Some(project) = unit.project_of(self.holder) else {
            return;
        };
        let package = self.package();
        let manager = self.manager.object().name();
        let parts = Part::all(self.manager).into_iter().map(Some);
        for part in std::iter::once(None).chain(parts) {
            let property = part.map_or(WHOLE, Part::name);
            let name = format!("CM.{manager}.{property}");
            let valued = match server.parameter(&project, package.as_deref(), &name) {
                Some(Held::Value { text, by }) => {
                    let valued = Valued::found(Value::text(text), Origin::ServerParameter);
                    let sentence = format!("{by} sets it");
                    valued
                        .with_link(link(Origin::ServerParameter, by))
                        .by(sentence)
                }
                Some(Held::Hidden(why)) => {
                    let data_type = Some(TypeName::Wstr.widest());
                    Valued::unknown(data_type, Origin::ServerParameter, why, Some(name))
                }
                None => continue,
            };
            writes.push(Write { part, valued });
        }
    }

    /// The file name of the package whose manager it is; `None` for one of the project.
    fn package(&self) -> Option<String> {
        let is_projects = self.manager.object().node().parent().is_none();
        (!is_projects).then(|| self.holder.label.file_name())
    }

    /// A part: of the last write of the whole string, or of the part after it.
    pub(super) fn part(&self, part: Part) -> Valued {
        let mut valued = self.last(part, &self.writes());
        if let Part::Keys("Password", _) = part {
            valued.is_sensitive = true;
        }
        normalise(&mut valued, Takes::of(self.target, part.name()));
        self.offer(part.name(), &mut valued);
        valued
    }

    fn last(&self, part: Part, writes: &[Write]) -> Valued {
        let fits = |write: &&Write| write.part.is_none() || write.part == Some(part);
        let Some(write) = writes.iter().rfind(fits) else {
            return bare();
        };
        let mut valued = write.valued.clone();
        if write.part.is_some() {
            return valued;
        }
        let read = match valued
            .value()
            .map(|value| value.as_str().unwrap_or_default())
        {
            Some(string) => part.read(string),
            None => {
                // What is known around an unknown piece may hold the whole part.
                let text = valued.text.take();
                if let Some(known) = text.and_then(|text| part.read(&text).ok())
                    && valued.certainty == Certainty::Unknown
                {
                    if known.contains('⟨') || known.is_empty() {
                        valued.text = Some(known).filter(|it| !it.is_empty());
                    } else {
                        valued = Valued {
                            chain: valued.chain,
                            overridable_by: valued.overridable_by,
                            decided_by: valued.decided_by,
                            ..Valued::found(Value::text(known), valued.origin)
                        };
                    }
                }
                return valued;
            }
        };
        match read {
            Ok(text) => valued.lookup = Lookup::Found(Value::text(text)),
            Err(why) => {
                let origin = valued.origin;
                let data_type = Some(TypeName::Wstr.widest());
                let failed = Valued::unknown(data_type, origin, why, None);
                valued = Valued {
                    chain: valued.chain,
                    decided_by: valued.decided_by,
                    ..failed
                };
            }
        }
        valued
    }

    /// Another key of the string, where something takes the place of the stored string.
    pub(super) fn key_of_string(&self, key: &str) -> Option<Valued> {
        let mut valued = self.whole(&self.writes());
        valued.decided_by.as_ref()?;
        if let Some(string) = valued.value().and_then(|it| it.as_str()) {
            let read = ConnectionString::parse(string).ok()?;
            let value = read.get(key).map(|pair| pair.value.text.to_string());
            valued.lookup = Lookup::Found(Value::text(value.unwrap_or_default()));
        }
        Some(valued)
    }

    /// The whole string: the last write of it, and what parts were written after it.
    pub(super) fn string(&self) -> Valued {
        let mut valued = self.whole(&self.writes());
        self.offer(WHOLE, &mut valued);
        valued
    }

    fn whole(&self, writes: &[Write]) -> Valued {
        let last = writes.iter().rposition(|write| write.part.is_none());
        let Some((mut valued, at)) = last.and_then(|at| Some((writes.get(at)?.valued.clone(), at)))
        else {
            return bare();
        };
        let changed: Vec<Part> = writes
            .iter()
            .skip(at)
            .filter_map(|write| write.part)
            .collect();
        if changed.is_empty() {
            return valued;
        }
        // What decides about a part is told of the part.
        let by = valued.decided_by.clone();
        if self.manager.is_smtp() {
            valued = self.smtp(writes);
        } else {
            for part in changed {
                self.replace(part, &self.last(part, writes), &mut valued);
            }
        }
        valued.decided_by = by;
        valued
    }

    /// The SMTP connection manager writes its string from its fields.
    fn smtp(&self, writes: &[Write]) -> Valued {
        let mut connection = SmtpConnection::default();
        let mut all: Option<Valued> = None;
        let mut text = String::new();
        for property in SmtpProperty::ALL {
            let part = self.last(Part::Smtp(property), writes);
            let known = part
                .value()
                .and_then(|it| it.to_text(self.values.locale(None)).ok().flatten());
            let shown = known
                .clone()
                .or(part.text.clone())
                .unwrap_or_else(|| "⟨…⟩".to_owned());
            if property != SmtpProperty::Timeout || !shown.is_empty() {
                text.push_str(&format!("{}={shown};", property.key()));
            }
            let known = known.unwrap_or_default();
            match property {
                SmtpProperty::Server => connection.server = known,
                SmtpProperty::UseWindowsAuthentication => {
                    connection.use_windows_authentication = boolean(&known) == Some(true);
                }
                SmtpProperty::EnableSsl => connection.enable_ssl = boolean(&known) == Some(true),
                SmtpProperty::Timeout => connection.timeout = known.trim().parse().ok(),
            }
            all = Some(match all {
                None => part,
                Some(before) => joined(before, part),
            });
        }
        let mut valued = all.unwrap_or_else(bare);
        if valued.certainty == Certainty::Unknown {
            valued.text = Some(text);
        } else {
            valued.lookup = match connection.to_text() {
                Ok(text) => Lookup::Found(Value::text(text)),
                Err(_) => Lookup::Found(Value::text(text)),
            };
        }
        valued
    }

    fn replace(&self, part: Part, by: &Valued, valued: &mut Valued) {
        let Part::Keys(_, keys) = part else {
            return;
        };
        let string = valued.value().and_then(|it| it.as_str()).map(str::to_owned);
        let known = by.value().and_then(|it| it.as_str()).map(str::to_owned);
        let changed = string
            .as_deref()
            .zip(known.as_deref())
            .and_then(|(string, known)| {
                let read = ConnectionString::parse(string).ok()?;
                let key = keys
                    .iter()
                    .find(|key| read.get(key).is_some())
                    .or(keys.first())?;
                let edits = read.set(key, known).ok()?;
                Some(Replacement::apply(&edits, string))
            });
        let before = valued.clone();
        *valued = joined(before, by.clone());
        if let Some(text) = changed {
            valued.lookup = Lookup::Found(Value::text(text));
        }
    }

    /// What the project offers to the server can be replaced there.
    fn offer(&self, property: &str, valued: &mut Valued) {
        let unit = self.values.unit();
        let decided = matches!(
            valued.origin,
            Origin::Expression
                | Origin::Override
                | Origin::ServerParameter
                | Origin::ExecutionParameter
        );
        let manager = self.manager.object().name();
        if !decided && unit.offers(self.package().as_deref(), &manager, property) {
            let name = format!("SSISDB parameter CM.{manager}.{property}");
            valued.overridable_by.push(name);
        }
    }
}

/// Two values as one that is put together from them: as sure as the less sure, from where the later one comes.
fn joined(before: Valued, later: Valued) -> Valued {
    let changes = later.origin > Origin::Design;
    let (mut main, other) = match changes {
        true => (later, before),
        false => (before, later),
    };
    main.absorb(&other);
    if other.certainty > main.certainty {
        main.certainty = other.certainty;
        main.lookup.clone_from(&other.lookup);
        main.reason.clone_from(&other.reason);
    }
    if other.certainty != Certainty::Known {
        main.absorb_doubt(&other);
    }
    if main.certainty != Certainty::Unknown && main.value().is_none() {
        main.lookup = Lookup::Found(Value::null(DataType::Wstr { length: 0 }));
    }
    main
}
