//! Execute SQL tasks: SQL that sends mail, written in the task, in a variable or in a file.

use std::borrow::Cow;
use std::io::Read as _;

use crate::effective::{Link, NamedValue};
use crate::package::{DTS, Executable, MessageSourceType, Object, Target, Variable};
use crate::source::{Decoded, Source};
use crate::xml::Attr;

use super::Looking;
use super::facts::{
    MailMeans, OtherSender, SenderAuthentication, SenderEncryption, SenderKind, SenderSpot,
};
use super::sql::{SqlMail, is_named_for_mail, mail_in_sql};

/// Bytes of a SQL file; no statement is longer.
const LONGEST_FILE: u64 = 4 << 20;

/// What an Execute SQL task sends.
pub(super) fn of_task<'a>(looking: &Looking<'_, 'a>, task: Executable<'a>) -> Vec<OtherSender> {
    let Some(data) = task.data() else {
        return Vec::new();
    };
    let attribute = |name: &str| {
        let mut attributes = data.attributes();
        attributes.find(|it| it.name() == name && !it.is_declaration())
    };
    let source = attribute("SqlStatementSource");
    let kind = attribute("SqlStmtSourceType").map(|it| it.value().into_text());
    let kind = kind.as_deref().map_or(
        Some(MessageSourceType::DirectInput),
        MessageSourceType::parse,
    );
    let is_procedure = attribute("IsStoredProcedure")
        .is_some_and(|it| crate::package::boolean(&it.value().text) == Some(true));
    let at = Statement {
        looking,
        task,
        is_procedure,
    };
    match kind {
        Some(MessageSourceType::DirectInput) => at.direct(source),
        Some(MessageSourceType::Variable) => source.map(|it| at.variable(it)).unwrap_or_default(),
        Some(MessageSourceType::FileConnection) => source.map(|it| at.file(it)).unwrap_or_default(),
        None => Vec::new(),
    }
}

struct Statement<'l, 'v, 'a> {
    looking: &'l Looking<'v, 'a>,
    task: Executable<'a>,
    is_procedure: bool,
}

impl<'a> Statement<'_, '_, 'a> {
    fn direct(&self, source: Option<Attr<'a>>) -> Vec<OtherSender> {
        let expression = self.task.object().property_expression("SqlStatementSource");
        let Some(expression) = expression else {
            let Some(source) = source else {
                return Vec::new();
            };
            let raw = source.raw();
            if !super::may_mention_mail(self.looking.text(raw).as_bytes()) {
                return Vec::new();
            }
            let text = source.value();
            let found = self.mail_in(&text.text);
            return found
                .into_iter()
                .map(|mail| self.sender_at(&text, mail))
                .collect();
        };
        let target = Target::Executable(self.task);
        let file = self.looking.at.file;
        let effective = self
            .looking
            .values
            .computed(file, target, "SqlStatementSource");
        let known = effective.and_then(|effective| effective.value.or(effective.text));
        let written = expression.stored().text();
        let found = self.mail_in(known.as_deref().unwrap_or(&written.text));
        found
            .into_iter()
            .map(|mail| {
                // The name stands in the expression, or in a variable that it reads.
                let start = written.text.find(&mail.name);
                let span = start.map_or(expression.stored().span(), |start| {
                    written.raw_span(start..start + mail.name.len())
                });
                self.sender(&mail, self.looking.spot(span), None)
            })
            .collect()
    }

    fn variable(&self, source: Attr<'a>) -> Vec<OtherSender> {
        let name = source.value().into_text();
        let target = Target::Executable(self.task);
        let NamedValue::Found { effective, .. } = self.looking.values.by_name(target, name.trim())
        else {
            return Vec::new();
        };
        let Some(text) = effective.value.as_deref().or(effective.text.as_deref()) else {
            return Vec::new();
        };
        let spot = self
            .kept_at(&effective.chain)
            .unwrap_or_else(|| self.looking.spot(source.raw()));
        let found = self.mail_in(text).into_iter();
        found.map(|mail| self.sender(&mail, spot, None)).collect()
    }

    /// The variable of this file that keeps a value.
    fn kept_at(&self, chain: &[Link]) -> Option<SenderSpot> {
        let label = &self.looking.at.file.label;
        let link = chain
            .iter()
            .find(|link| link.file.as_ref() == Some(label))?;
        let package = self.looking.package?.object().node();
        package
            .descendants()
            .filter(|node| node.is(DTS, "Variable"))
            .filter_map(|node| Variable::new(Object::new(node)).value())
            .map(|value| self.looking.spot(value.span()))
            .find(|spot| Some(spot.place) == link.place)
    }

    /// The SQL file is looked for where the paths of other machines are mapped to, else beside the package.
    fn file(&self, source: Attr<'a>) -> Vec<OtherSender> {
        let reference = source.value().into_text();
        let values = self.looking.values;
        let Some((holder, manager)) = self.looking.at.manager_of_reference(&reference) else {
            return Vec::new();
        };
        let target = Target::ConnectionManager(manager);
        let path = values.property(holder, target, "ConnectionString");
        let Some(path) = path.ok().and_then(|effective| effective.value) else {
            return Vec::new();
        };
        let name = path
            .trim()
            .rsplit(['/', '\\'])
            .next()
            .unwrap_or_default()
            .to_owned();
        let Some(text) = self.read(path.trim(), &name) else {
            return Vec::new();
        };
        let spot = self.looking.spot(source.raw());
        let found = self.mail_in(&text).into_iter();
        found
            .map(|mail| self.sender(&mail, spot, Some(&name)))
            .collect()
    }

    fn read(&self, path: &str, name: &str) -> Option<String> {
        let given = self.looking.values.unit().given();
        let files = given.files?;
        let label = &self.looking.at.file.label;
        let mapped = given.path_map.locate(path).ok();
        let mapped = mapped.filter(|mapped| mapped.as_os_str() != path);
        let beside = (label.member().is_none() && !name.is_empty())
            .then(|| Some(label.path().parent()?.join(name)))
            .flatten();
        let mut bytes = Vec::new();
        for path in mapped.into_iter().chain(beside) {
            bytes.clear();
            let Ok(file) = files.open(&path) else {
                continue;
            };
            if file.take(LONGEST_FILE).read_to_end(&mut bytes).is_ok() {
                // Scripts of Management Studio can be of any code page; the names are ASCII.
                return Some(match Source::decode(bytes) {
                    Ok(source) => source.text().to_owned(),
                    Err(_) => return None,
                });
            }
        }
        None
    }

    fn mail_in(&self, text: &str) -> Vec<SqlMail> {
        let mut found = mail_in_sql(text);
        // A statement that is a procedure's name calls it.
        let name = text.trim().rsplit('.').next().unwrap_or_default();
        if self.is_procedure && found.is_empty() && is_named_for_mail(name) {
            let start = text.len() - text.trim_start().len();
            found.push(SqlMail {
                name: name.trim_matches(['[', ']', '"']).to_owned(),
                is_own: false,
                range: start..start + text.trim().len(),
            });
        }
        found
    }

    fn sender_at(&self, text: &Decoded<'_>, mail: SqlMail) -> OtherSender {
        let span = text.raw_span(mail.range.clone());
        self.sender(&mail, self.looking.spot(span), None)
    }

    fn sender(&self, mail: &SqlMail, spot: SenderSpot, file: Option<&str>) -> OtherSender {
        let means = match mail.is_own {
            true => MailMeans::DatabaseMail,
            false => MailMeans::Procedure,
        };
        let name = match mail.is_own {
            true => Cow::Owned(mail.name.to_ascii_lowercase()),
            false => Cow::Borrowed(&mail.name),
        };
        OtherSender {
            kind: SenderKind::ExecuteSql,
            source_file: file.map(super::clear),
            // The mail account is the server's.
            authentication: SenderAuthentication::Unknown,
            encryption: SenderEncryption::Computed,
            ..self.looking.sender(self.task, means, &name, spot)
        }
    }
}
