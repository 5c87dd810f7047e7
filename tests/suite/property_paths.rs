//! Property paths: what is printed leads back, and what leads nowhere says so.

use dtsx::package::{
    DTS, EventHandler, Executable, Package, PathError, Paths, Target, Variable, path_of, resolve,
};
use dtsx::source::Source;
use dtsx::xml::{Document, Limits};

use crate::support::good_xml_files;

fn targets<'d>(package: Package<'d>) -> Vec<Target<'d>> {
    let root = package.object().node();
    let mut targets = Vec::new();
    for node in std::iter::once(root).chain(root.descendants()) {
        targets.extend(Executable::new(node).map(Target::Executable));
        targets.extend(EventHandler::new(node).map(Target::EventHandler));
    }
    let owners = targets.clone();
    for owner in owners {
        targets.extend(
            owner
                .object()
                .variables()
                .map(Variable::new)
                .map(Target::Variable),
        );
    }
    targets.extend(package.connection_managers().map(Target::ConnectionManager));
    targets.extend(package.parameters().map(Target::Parameter));
    targets
}

#[test]
fn the_path_of_every_object_leads_back_to_it() {
    let (mut objects, mut by_id) = (0, 0);
    for file in good_xml_files() {
        let source = Source::decode(std::fs::read(&file).unwrap()).unwrap();
        let document = Document::parse(source, &Limits::default()).unwrap();
        if !document.root().is(DTS, "Executable") {
            continue;
        }
        let package = Package::new(&document);
        let paths = Paths::new(package);
        for target in targets(package) {
            let path = path_of(package, target);
            assert_eq!(paths.of(target), path, "{}", file.display());
            match resolve(package, &path) {
                Ok(resolved) => {
                    assert_eq!(
                        resolved.target.node(),
                        target.node(),
                        "{}: {path}",
                        file.display()
                    );
                    let with_property = format!("{path}.Properties[Description]");
                    let resolved = resolve(package, &with_property).unwrap();
                    assert_eq!(resolved.target.node(), target.node(), "{with_property}");
                    assert_eq!(resolved.property.as_deref(), Some("Description"));
                }
                // Hand-made files repeat ids.
                Err(error) => panic!("{}: {path}: {error}", file.display()),
            }
            objects += 1;
            by_id += usize::from(path.contains('{'));
        }
    }
    println!("{objects} objects, {by_id} of them only by id");
}

fn package_of(inside: &str) -> Document {
    let text = format!(
        "<DTS:Executable xmlns:DTS=\"{DTS}\" DTS:refId=\"Package\" DTS:ObjectName=\"P\" DTS:ExecutableType=\"Microsoft.Package\">{inside}</DTS:Executable>"
    );
    Document::parse(Source::from_text(text), &Limits::default()).unwrap()
}

fn task(name: &str, id: &str, inside: &str) -> String {
    format!(
        "<DTS:Executable DTS:ObjectName=\"{name}\" DTS:DTSID=\"{{{id}}}\" DTS:ExecutableType=\"STOCK:SEQUENCE\">{inside}</DTS:Executable>"
    )
}

#[test]
fn names_with_dots_brackets_and_backslashes_mean_themselves() {
    let inside = [
        "<DTS:ConnectionManagers>".to_owned(),
        ["localhost\\SQL.Db", "a]b", "a.b", "it@example.com"]
            .iter()
            .map(|name| {
                format!(
                    "<DTS:ConnectionManager DTS:ObjectName=\"{name}\" DTS:DTSID=\"{{{name}}}\"/>"
                )
            })
            .collect::<String>(),
        "</DTS:ConnectionManagers><DTS:Executables>".to_owned(),
        task(
            "A",
            "1",
            &format!("<DTS:Executables>{}</DTS:Executables>", task("B", "2", "")),
        ),
        task("A\\B", "3", ""),
        task("x.Properties[To]", "4", ""),
        task("Twin", "5", ""),
        task("twin", "6", ""),
        "</DTS:Executables>".to_owned(),
    ]
    .concat();
    let document = package_of(&inside);
    let package = Package::new(&document);
    let name = |path: &str| {
        let resolved = resolve(package, path).unwrap_or_else(|error| panic!("{error}"));
        (
            resolved.target.object().id().unwrap().into_owned(),
            resolved.property,
        )
    };
    assert_eq!(
        name("\\Package.Connections[localhost\\SQL.Db]").0,
        "{localhost\\SQL.Db}"
    );
    assert_eq!(
        name("\\package.connections[a]b].properties[X]"),
        ("{a]b}".into(), Some("X".into()))
    );
    assert_eq!(name("\\Package.Connections[a.b]").0, "{a.b}");
    // The longest name that fits wins; the other is reached by its id.
    assert_eq!(name("\\Package\\A\\B").0, "{3}");
    assert_eq!(name("\\Package\\{1}\\B").0, "{2}");
    assert_eq!(name("\\Package\\x.Properties[To]"), ("{4}".into(), None));
    assert_eq!(
        name("\\Package\\x.Properties[To].Properties[CC]"),
        ("{4}".into(), Some("CC".into()))
    );
    assert_eq!(name("\\Package\\Twin").0, "{5}");
    let paths: Vec<_> = package
        .executables()
        .map(|it| path_of(package, Target::Executable(it)))
        .collect();
    assert_eq!(
        paths,
        [
            "\\Package",
            "\\Package\\A",
            "\\Package\\A\\{2}",
            "\\Package\\A\\B",
            "\\Package\\x.Properties[To]",
            "\\Package\\{5}",
            "\\Package\\{6}"
        ]
    );
}

#[test]
fn a_path_that_leads_nowhere_names_what_is_near() {
    let document = package_of(&format!(
        "<DTS:Executables>{}{}{}</DTS:Executables>",
        task("Send Mail", "1", ""),
        task("Same", "2", ""),
        task("Same", "3", "")
    ));
    let package = Package::new(&document);
    let error = resolve(package, "\\Package\\Sned Mail.Properties[To]").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`\\Package\\Sned Mail.Properties[To]` leads to nothing: `\\Package` has no task or container that fits `Sned Mail` (did you mean `Send Mail`?)"
    );
    assert!(matches!(
        resolve(package, "Package\\x"),
        Err(PathError::Beginning(_))
    ));
    let error = resolve(package, "\\Package\\Same").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`\\Package\\Same` fits 2 objects named `Same`: use the id of the one that is meant, `{2}` or `{3}`"
    );
    assert!(matches!(
        resolve(package, "\\Package.Properties[x"),
        Err(PathError::Behind { .. })
    ));
}
