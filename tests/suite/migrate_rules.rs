//! What each kind of rule reaches, on packages written for it.

use crate::migrate::Estate;
use crate::support::fixtures;

/// A package of format 8 around managers, variables and tasks.
pub struct Sketch {
    pub attributes: &'static str,
    pub inside: &'static str,
    pub managers: String,
    pub variables: String,
    pub tasks: String,
}

impl Sketch {
    pub fn new() -> Sketch {
        Sketch {
            attributes: "",
            inside: "",
            managers: String::new(),
            variables: String::new(),
            tasks: String::new(),
        }
    }

    pub fn manager(mut self, name: &str, expressions: &str, string: &str) -> Sketch {
        self.managers += &format!(
            "<DTS:ConnectionManager DTS:refId=\"Package.ConnectionManagers[{name}]\" DTS:CreationName=\"SMTP\" \
             DTS:DTSID=\"{{{name}-ID}}\" DTS:ObjectName=\"{name}\">{expressions}<DTS:ObjectData>\
             <SmtpConnectionManager ConnectionString=\"{string}\" /></DTS:ObjectData></DTS:ConnectionManager>\n"
        );
        self
    }

    pub fn variable(mut self, name: &str, expression: &str, value: &str) -> Sketch {
        self.variables += &format!(
            "<DTS:Variable DTS:DTSID=\"{{{name}-ID}}\" {expression} DTS:Namespace=\"User\" DTS:ObjectName=\"{name}\">\
             <DTS:VariableValue DTS:DataType=\"8\">{value}</DTS:VariableValue></DTS:Variable>\n"
        );
        self
    }

    pub fn task(mut self, name: &str, expressions: &str, to: &str) -> Sketch {
        self.tasks += &format!(
            "<DTS:Executable DTS:refId=\"Package\\{name}\" DTS:DTSID=\"{{{name}-ID}}\" \
             DTS:ExecutableType=\"Microsoft.SendMailTask\" DTS:ObjectName=\"{name}\">{expressions}<DTS:ObjectData>\
             <SendMailTask:SendMailTaskData SendMailTask:SMTPServer=\"{{Mail-ID}}\" SendMailTask:From=\"etl@old.example\" \
             SendMailTask:To=\"{to}\" SendMailTask:Subject=\"about old.example\" \
             xmlns:SendMailTask=\"www.microsoft.com/sqlserver/dts/tasks/sendmailtask\" /></DTS:ObjectData>\
             </DTS:Executable>\n"
        );
        self
    }

    pub fn text(&self) -> String {
        format!(
            "<DTS:Executable xmlns:DTS=\"www.microsoft.com/SqlServer/Dts\" DTS:refId=\"Package\" \
             DTS:DTSID=\"{{P}}\" DTS:ExecutableType=\"Microsoft.Package\" DTS:ObjectName=\"P\" {}>\n\
             <DTS:Property DTS:Name=\"PackageFormatVersion\">8</DTS:Property>\n{}\
             <DTS:ConnectionManagers>\n{}</DTS:ConnectionManagers>\n<DTS:Variables>\n{}</DTS:Variables>\n\
             <DTS:Executables>\n{}</DTS:Executables>\n</DTS:Executable>",
            self.attributes, self.inside, self.managers, self.variables, self.tasks
        )
    }
}

pub fn expression(property: &str, text: &str) -> String {
    format!("<DTS:PropertyExpression DTS:Name=\"{property}\">{text}</DTS:PropertyExpression>")
}

const MOVE: [&str; 4] = [
    "migrate",
    "--replace-server",
    "old.example=new.example",
    ".",
];
pub const WRITE: [&str; 5] = [
    "migrate",
    "--replace-server",
    "old.example=new.example",
    ".",
    "--write",
];

/// The changed text of a package, and what the run said.
pub fn moved(text: &str, args: &[&str]) -> (String, String) {
    let estate = Estate::empty();
    estate.put("P.dtsx", text);
    let run = estate.run(args);
    assert_eq!(run.code, 0, "{}", run.err);
    (estate.read("P.dtsx"), run.out)
}

pub const PLAIN: &str = "SmtpServer=old.example;UseWindowsAuthentication=False;EnableSsl=False;";

#[test]
fn a_literal_of_an_expression_changes_by_its_characters_alone() {
    let text = Sketch::new()
        .manager(
            "Mail",
            &expression("SmtpServer", " (\"old.example\") "),
            PLAIN,
        )
        .manager(
            "Whole",
            &expression(
                "ConnectionString",
                "\"SmtpServer=old.example;EnableSsl=False;\\x0041=\\&quot;\"",
            ),
            PLAIN,
        )
        .manager(
            "Choice",
            &expression(
                "SmtpServer",
                "@[User::Prod] ? \"old.example\" : \"test.old.example\"",
            ),
            PLAIN,
        )
        .text();
    let (after, out) = moved(&text, &WRITE);
    assert!(after.contains(">&#32;") || after.contains("> (\"new.example\") <"));
    assert!(after.contains("\"SmtpServer=new.example;EnableSsl=False;\\x0041=\\&quot;\""));
    assert!(after.contains("@[User::Prod] ? \"new.example\" : \"test.old.example\""));
    assert_eq!(after.replace("new.example", "old.example"), text);
    assert!(out.contains("a literal in the expression"), "{out}");
}

#[test]
fn a_variable_is_followed_through_steps_and_tells_its_readers() {
    let text = Sketch::new()
        .manager("Mail", &expression("SmtpServer", "@[User::Relay]"), PLAIN)
        .variable("Host", "", "old.example")
        .variable(
            "Relay",
            "DTS:EvaluateAsExpression=\"True\" DTS:Expression=\"@[User::Host]\"",
            "old.example",
        )
        .task(
            "Tell",
            &expression("Subject", "\"via \" + @[User::Host]"),
            "a@x.example",
        )
        .text();
    let (after, out) = moved(&text, &WRITE);
    assert_eq!(after.matches("new.example").count(), 3, "{after}");
    let readers = out.split("read by:").nth(1).unwrap();
    assert!(
        readers.contains(r"\Package.Variables[User::Relay]"),
        "{out}"
    );
    assert!(readers.contains(r"\Package\Tell"), "{out}");
    // Without the samples only what decides changes.
    let mut keep = WRITE.to_vec();
    keep.push("--keep-samples");
    let (after, _) = moved(&text, &keep);
    assert_eq!(after.matches("new.example").count(), 1, "{after}");
    assert!(after.contains("<DTS:VariableValue DTS:DataType=\"8\">new.example<"));
}

#[test]
fn what_cannot_be_changed_is_named() {
    let mut sketch = Sketch::new()
        .manager(
            "Computed",
            &expression("SmtpServer", "@[System::MachineName] + \".example\""),
            PLAIN,
        )
        .manager(
            "Machine",
            &expression("SmtpServer", "@[System::MachineName]"),
            PLAIN,
        )
        .manager("Set", "", PLAIN);
    sketch.attributes = "DTS:EnableConfig=\"True\"";
    sketch.inside = "<DTS:Configurations>\
        <DTS:Configuration DTS:ConfigurationString=\"RELAY\" DTS:ConfigurationType=\"2\" \
        DTS:ConfigurationVariable=\"\\Package.Connections[Set].Properties[SmtpServer]\" DTS:ObjectName=\"Env\" />\
        <DTS:Configuration DTS:ConfigurationString=\"&quot;DB&quot;;&quot;[dbo].[Config]&quot;;&quot;x&quot;;\" \
        DTS:ConfigurationType=\"7\" DTS:ObjectName=\"Table\" /></DTS:Configurations>\n";
    let (after, out) = moved(&sketch.text(), &WRITE);
    // The sample of a value that nobody knows stays.
    assert_eq!(after.matches("new.example").count(), 1);
    let not_changed = out.split("not changed").nth(1).unwrap();
    for expected in [
        "computed at run time by the expression `@[System::MachineName] + \".example\"`",
        "`System::MachineName` is known only when the package runs",
        "the configuration `Env` sets it from the environment variable `RELAY`",
        "the configuration `Table` may set it from the SQL Server table",
    ] {
        assert!(not_changed.contains(expected), "{expected}\n{out}");
    }
}

#[test]
fn addresses_get_their_new_domain_and_nothing_else_changes() {
    let text = Sketch::new()
        .manager("Mail", "", PLAIN)
        .task(
            "One",
            "",
            "Ann &lt;ann@old.example&gt;; bob@other.example;cy@OLD.example",
        )
        .task(
            "Two",
            &expression("ToLine", "\"ops@old.example;\" + @[User::More]"),
            "stale@old.example",
        )
        .variable("More", "", "night@old.example")
        .text();
    let estate = Estate::empty();
    estate.put("P.dtsx", &text);
    let recipe = "version = 1
[[rule]]
where = { task = \"*\", addresses = \"*@old.example\" }
replace = { domain = { \"old.example\" = \"new.example\" } }
";
    let run = estate.migrate(recipe, &["--write", "."]);
    assert_eq!(run.code, 0, "{}", run.err);
    let after = estate.read("P.dtsx");
    assert!(after.contains("To=\"Ann &lt;ann@new.example&gt;; bob@other.example;cy@new.example\""));
    assert!(after.contains("\"ops@new.example;\" + @[User::More]"));
    assert!(after.contains("From=\"etl@new.example\""));
    assert!(after.contains("Subject=\"about old.example\""));
    assert!(
        after.contains(">night@new.example<"),
        "a variable in a concatenation holds its addresses whole"
    );
    assert!(!run.out.contains("(variable)"), "{}", run.out);
    assert!(!run.out.contains("about old.example` "));
    // One task alone.
    estate.put("P.dtsx", &text);
    let one = recipe.replace("task = \"*\"", "task = \"O?e\"");
    assert_eq!(estate.migrate(&one, &["--write", "."]).code, 0);
    let after = estate.read("P.dtsx");
    assert!(after.contains("ann@new.example") && after.contains("ops@old.example"));
}

#[test]
fn literals_are_variables_and_parameters_that_are_exactly_the_text() {
    let estate = Estate::copy(&fixtures().join("nine-places"));
    let recipe = "version = 1
[[rule]]
where = { literal = \"SMTP1.corp.example\" }
replace = { literal = \"relay.example.com\" }
";
    let plan = estate
        .migrate(recipe, &["--write", ".", "--format", "json"])
        .json();
    let paths: Vec<&str> = plan["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .collect();
    assert_eq!(
        paths,
        [
            "Estate.dtproj",
            "Nightly.dtsx",
            "Project.params",
            "deployed/Estate.ispac!Nightly.dtsx",
            "deployed/Estate.ispac!Project.params",
        ]
    );
    assert!(
        estate
            .read("Nightly.dtsx")
            .contains(">relay.example.com</DTS:VariableValue>")
    );
}

#[test]
fn keys_of_other_connection_managers() {
    let estate = Estate::copy(&fixtures().join("hand-migration"));
    let recipe = "version = 1
[[rule]]
where = { type = \"OLEDB\", keys = { \"Data Source\" = \"sql0?\" } }
set = { keys = { \"Data Source\" = \"NEWSQL01\" }, description = \"moved\" }
";
    assert_eq!(estate.migrate(recipe, &["--write", "."]).code, 0);
    let after = estate.read("Load rates.dtsx");
    assert!(after.contains("DTS:ConnectionString=\"Data Source=NEWSQL01;Initial Catalog=Rates;"));
    assert!(after.contains("DTS:Description=\"moved\""));
    assert!(after.contains("smtp1.corp.example"));
}

#[test]
fn of_two_managers_of_one_name_the_one_that_is_meant_changes() {
    let estate = Estate::copy(&fixtures().join("nine-places"));
    // The package's own manager takes the name of the project's, with another server.
    let package = estate.read("Nightly.dtsx");
    estate.put(
        "Nightly.dtsx",
        &package
            .replace("Own mail", "Mail")
            .replace("SmtpServer=smtp1.corp.example", "SmtpServer=other.example"),
    );
    let project = estate.read("Estate.dtproj");
    let (start, end) = (
        project
            .find("<SSIS:PackageMetaData SSIS:Name=\"Nightly.dtsx\">")
            .unwrap(),
        project
            .find("<SSIS:PackageMetaData SSIS:Name=\"Weekly.dtsx\">")
            .unwrap(),
    );
    let own = project[start..end]
        .replace("CM.Own mail", "CM.Mail")
        .replace("smtp1.corp.example", "other.example");
    estate.put(
        "Estate.dtproj",
        &format!("{}{own}{}", &project[..start], &project[end..]),
    );
    let run = estate.run(&[
        "migrate",
        "--replace-server",
        "other.example=new.example",
        "--write",
        ".",
        "--exclude",
        "*.ispac",
    ]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(
        estate
            .read("Nightly.dtsx")
            .contains("SmtpServer=new.example")
    );
    assert!(
        estate
            .read("Mail.conmgr")
            .contains("SmtpServer=smtp1.corp.example")
    );
    let after = estate.read("Estate.dtproj");
    assert_eq!(
        after.matches("new.example").count(),
        2,
        "both copies of the package, none of the project"
    );
    let metadata = after.find("<SSIS:PackageInfo>").unwrap();
    assert!(!after[..metadata].contains("new.example"));
}

#[test]
fn versions_stay_unless_they_are_to_be_raised() {
    let estate = Estate::copy(&fixtures().join("nine-places"));
    let args = [
        "migrate",
        "--replace-server",
        "smtp1.corp.example=relay.example.com",
        ".",
        "--write",
    ];
    let mut bump = args.to_vec();
    bump.push("--bump-version");
    let before = estate.read("Nightly.dtsx");
    assert_eq!(estate.run(&bump).code, 0);
    let after = estate.read("Nightly.dtsx");
    assert!(before.contains("DTS:VersionBuild=\"9\"") && after.contains("DTS:VersionBuild=\"10\""));
    let guid = |text: &str| {
        let at = text.find("DTS:VersionGUID=\"").unwrap() + "DTS:VersionGUID=\"".len();
        text[at..at + 38].to_owned()
    };
    assert_ne!(guid(&before), guid(&after));
    let project = estate.read("Estate.dtproj");
    assert!(
        project.contains(&guid(&after)),
        "the project's metadata follows"
    );
    assert!(project.contains("<SSIS:Property SSIS:Name=\"VersionBuild\">10</SSIS:Property>"));
    assert!(!project.contains(&guid(&before)));
    assert!(after.contains("LastModifiedProductVersion=\"16.0.5397.1\""));
}

#[test]
fn checkpoints_and_encrypted_files_are_told_of() {
    let mut sketch = Sketch::new().manager("Mail", "", PLAIN);
    sketch.attributes = "DTS:SaveCheckpoints=\"True\" DTS:CheckpointFileName=\"C:\\ssis\\p.chk\"";
    let (_, out) = moved(&sketch.text(), &MOVE);
    assert!(
        out.contains("SaveCheckpoints is on") && out.contains("p.chk"),
        "{out}"
    );
    let estate = Estate::empty();
    std::fs::copy(
        fixtures().join("bad/encrypted-password.dtsx"),
        estate.tree().join("E.dtsx"),
    )
    .unwrap();
    let run = estate.run(&MOVE);
    assert_eq!(run.code, 0);
    assert!(run.out.contains("encrypted as a whole"), "{}", run.out);
}

#[test]
fn no_secret_is_shown() {
    let text = Sketch::new()
        .manager(
            "Mail",
            "",
            "SmtpServer=old.example;Password=hunter2;EnableSsl=False;",
        )
        .manager(
            "Other",
            &expression(
                "ConnectionString",
                "\"SmtpServer=old.example;Pwd=hunter2;\"",
            ),
            PLAIN,
        )
        .text();
    let estate = Estate::empty();
    estate.put("P.dtsx", &text);
    for args in [
        &MOVE[..],
        &[
            "migrate",
            "--replace-server",
            "old.example=new.example",
            ".",
            "--format",
            "json",
        ],
        &[
            "migrate",
            "--replace-server",
            "nowhere.example=new.example",
            ".",
        ],
    ] {
        let run = estate.run(args);
        assert!(
            !run.out.contains("hunter2") && !run.err.contains("hunter2"),
            "{}",
            run.out
        );
    }
    assert!(estate.run(&MOVE).out.contains("***"));
    assert_eq!(estate.run(&WRITE).code, 0);
    let after = estate.read("P.dtsx");
    assert_eq!(after.replace("new.example", "old.example"), text);
}

/// A package with a line of code beside which the old server stands.
fn with_code(kind: &str, data: &str) -> String {
    let mut sketch = Sketch::new().manager("Mail", "", PLAIN);
    sketch.tasks = format!(
        "<DTS:Executable DTS:refId=\"Package\\Code\" DTS:DTSID=\"{{C}}\" DTS:ExecutableType=\"{kind}\" \
         DTS:ObjectName=\"Code\"><DTS:ObjectData>{data}</DTS:ObjectData></DTS:Executable>\n"
    );
    sketch.text()
}

#[test]
fn a_password_beside_an_old_server_in_code_is_not_shown() {
    let scripts = [
        (
            "a.cs",
            r#"c.Credentials = new NetworkCredential("svc", "hunter2", "old.example");"#,
        ),
        (
            "a.cs",
            r#"c.Authenticate("svc", "a\"hunter2"); // old.example"#,
        ),
        (
            "a.cs",
            r#"// c = new SmtpClient("old.example"); c.Authenticate("svc", "hunter2");"#,
        ),
        (
            "a.cs",
            r#"/* c.Authenticate("svc", "hunter2", "old.example"); */"#,
        ),
        (
            "a.cs",
            r#"Login("old.example", user: "x", password: "hunter2");"#,
        ),
        (
            "a.cs",
            r#"var d = new D { { "host", "old.example" }, { "password", "hunter2" } };"#,
        ),
        ("a.cs", r#"Connect(@"C:\", "hunter2", "old.example");"#),
        (
            "a.vb",
            r#"c.Credentials = New NetworkCredential("C:\", "hunter2", "old.example")"#,
        ),
        (
            "a.vb",
            r#"' New NetworkCredential("svc", "hunter2", "old.example")"#,
        ),
        (
            "app.config",
            r#"<smtp host="old.example" userName="svc" key="hunter2" />"#,
        ),
        (
            "a.cs",
            "string all = @\"the password is\nhunter2\"; Send(all, \"old.example\");",
        ),
    ];
    let sql = [
        "select * from openrowset('SQLNCLI', 'old.example'; 'sa'; 'hunter2', 'select 1')",
        "exec sp_addlinkedsrvlogin 'old.example', 'false', null, 'sa', N'hun''ter2hunter2'",
        "-- openrowset('SQLNCLI', 'old.example'; 'sa'; 'hunter2')",
    ];
    let scripts = scripts.iter().map(|(file, code)| {
        let data = format!(
            "<ScriptProject Name=\"S\" Language=\"CSharp\"><ProjectItem Name=\"{file}\" \
             Encoding=\"UTF8\"><![CDATA[class A {{\n{code}\n}}]]></ProjectItem></ScriptProject>"
        );
        (*code, with_code("Microsoft.ScriptTask", &data))
    });
    let sql = sql.iter().map(|sql| {
        let data = format!(
            "<SQLTask:SqlTaskData SQLTask:SqlStatementSource=\"{sql}\" \
             xmlns:SQLTask=\"www.microsoft.com/sqlserver/dts/tasks/sqltask\" />"
        );
        (*sql, with_code("Microsoft.ExecuteSQLTask", &data))
    });
    for (code, text) in scripts.chain(sql) {
        let estate = Estate::empty();
        estate.put("P.dtsx", &text);
        let plan = estate.json(&MOVE);
        let left = plan["left"].as_array().unwrap();
        assert_eq!(left.len(), 1, "{code}: {plan}");
        let excerpt = left[0]["excerpt"].as_str().unwrap();
        assert!(excerpt.contains("old.example"), "{code}: {excerpt}");
        assert!(!excerpt.contains("hunter2"), "{code}: {excerpt}");
        let out = estate.run(&MOVE).out;
        assert!(!out.contains("hunter2"), "{code}: {out}");
    }
}

#[test]
fn what_a_variable_that_is_named_for_a_secret_holds_is_not_left_in_clear() {
    let estate = Estate::empty();
    let text = Sketch::new()
        .manager("Mail", "", PLAIN)
        .variable("SmtpPassword", "", "hunter2 at old.example")
        .text();
    estate.put("P.dtsx", &text);
    let plan = estate.json(&MOVE);
    assert_eq!(plan["left"].as_array().unwrap().len(), 1, "{plan}");
    assert!(!plan.to_string().contains("hunter2"), "{plan}");
}

#[test]
fn a_manager_is_renamed_with_what_calls_it_by_name() {
    let estate = Estate::copy(&fixtures().join("nine-places"));
    let recipe = "version = 1
[[rule]]
where = { type = \"SMTP\", name = \"Configured\" }
set = { name = \"Weekly relay\" }
";
    let run = estate.migrate(recipe, &["--write", ".", "--exclude", "*.ispac"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let package = estate.read("Weekly.dtsx");
    assert!(package.contains("DTS:refId=\"Package.ConnectionManagers[Weekly relay]\""));
    assert!(package.contains("DTS:ObjectName=\"Weekly relay\""));
    assert!(
        estate
            .read("mail.XML")
            .contains(r"\Package.Connections[Weekly relay].Properties[SmtpServer]")
    );
    let project = estate.read("Estate.dtproj");
    assert_eq!(project.matches("CM.Weekly relay.").count(), 5);
    assert_eq!(project.matches("CM.Configured.").count(), 0);
}

#[test]
fn build_output_and_what_is_excluded_stay() {
    let estate = Estate::copy(&fixtures().join("project"));
    let obj = estate.read("obj/Development/Mail.conmgr");
    let server = {
        let inspected = estate.json(&["inspect", "Mail.conmgr"]);
        inspected["files"][0]["connections"][0]["smtp"]["server"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let rule = format!("{server}=new.example");
    let run = estate.run(&[
        "migrate",
        "--replace-server",
        &rule,
        "--write",
        ".",
        "--exclude",
        "*.dtproj",
    ]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(estate.read("obj/Development/Mail.conmgr"), obj);
    assert!(estate.read("Mail.conmgr").contains("new.example"));
    assert!(!estate.read("Etl.dtproj").contains("new.example"));
    assert!(
        run.out.contains("it keeps the value and is excluded"),
        "{}",
        run.out
    );
}
