//! What the configurations of a package set: entries of XML files, and what is out of reach.

use crate::package::{
    Configuration, ConfigurationEntry, ConfigurationType, FileKind, Package, Target, path_of,
    resolve,
};
use crate::project::File;

use super::slot::{Part, Slot};
use super::{Find, KeeperKind, Search, UnreachableKind};

impl<'a> Search<'a> {
    /// The configurations of the package that set the property.
    pub(super) fn configurations(
        &mut self,
        target: Target<'a>,
        property: &str,
        part: Option<&Part>,
    ) {
        let Some(package) = self.at.package() else {
            return;
        };
        if !package.configurations_enabled() {
            return;
        }
        for configuration in package.configurations() {
            self.configuration(package, configuration, target, property, part);
        }
    }

    fn configuration(
        &mut self,
        package: Package<'a>,
        configuration: Configuration<'a>,
        target: Target<'a>,
        property: &str,
        part: Option<&Part>,
    ) {
        let is_meant = |path: &str| {
            resolve(package, path).is_ok_and(|resolved| {
                let same = resolved
                    .property
                    .as_deref()
                    .is_some_and(|named| named.eq_ignore_ascii_case(property));
                same && resolved.target.node() == target.node()
            })
        };
        let name = configuration.object().name().into_owned();
        let string = configuration
            .string()
            .map(|stored| stored.text().into_text())
            .unwrap_or_default();
        let sets_it = configuration
            .variable()
            .is_some_and(|path| is_meant(&path.text().text));
        let what = match configuration.configuration_type() {
            ConfigurationType::ConfigFile if !configuration.is_indirect() => {
                return self.configuration_file(&name, &string, &is_meant, part);
            }
            ConfigurationType::ConfigFile => "an XML file that an environment variable names",
            ConfigurationType::EnvVariable if sets_it => "the environment variable",
            ConfigurationType::RegEntry if sets_it => "the registry key",
            ConfigurationType::ParentVariable if sets_it => "the variable of the parent package",
            ConfigurationType::SqlServer => "the SQL Server table",
            ConfigurationType::IniFile => "the INI file",
            _ => return,
        };
        // What a table or another file sets is not known before it is read.
        let (may, kind) = match sets_it {
            true => ("sets", UnreachableKind::Outside),
            false => ("may set", UnreachableKind::MaybeOutside),
        };
        self.out_of_reach(
            kind,
            self.path(target, property),
            format!("the configuration `{name}` {may} it from {what} `{string}`"),
        );
    }

    fn configuration_file(
        &mut self,
        name: &str,
        string: &str,
        is_meant: &dyn Fn(&str) -> bool,
        part: Option<&Part>,
    ) {
        let file_name = string.rsplit(['/', '\\']).next().unwrap_or_default();
        let files: Vec<&'a File> = self
            .at
            .context
            .of_kind(FileKind::Configuration)
            .filter(|file| file.label.file_name().eq_ignore_ascii_case(file_name))
            .collect();
        if files.is_empty() {
            let path = self.at.package().and_then(|package| {
                Some(path_of(package, Target::Executable(package.executable()?)))
            });
            return self.out_of_reach(
                UnreachableKind::MaybeOutside,
                path.unwrap_or_default(),
                format!(
                    "the configuration `{name}` may set it from `{string}`, which is not beside the package"
                ),
            );
        }
        for file in files {
            for entry in ConfigurationEntry::all(file.document.root()) {
                let path = entry.path();
                if !is_meant(&path) {
                    continue;
                }
                let Some(slot) = Slot::of_entry(entry) else {
                    continue;
                };
                let slot = match part {
                    Some(part) => slot.with_part(part.clone()),
                    None => slot,
                };
                let why = format!("the configuration `{name}` sets it from here");
                let path = format!("\\Configuration[{path}]");
                self.keep(Find {
                    file,
                    path,
                    kind: KeeperKind::Configuration,
                    why,
                    slot,
                    level: None,
                });
            }
        }
    }
}
