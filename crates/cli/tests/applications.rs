//! Commands about applications, on the real binary.
//!
//! Every test makes a small application, says what a person types, and what they see.

mod support;

use support::{Scratch, expect, wippy};

const HELLO: &str = "version: \"1.0\"\nnamespace: app\nentries:\n  - name: terminal\n    kind: terminal.host\n    lifecycle: {auto_start: true}\n  - name: hello\n    kind: process.lua\n    meta: {command: {name: hello, short: Say hello}}\n    source: file://hello.lua\n    method: main\n    modules: [io]\n";
const HELLO_LUA: &str = "local io = require(\"io\")\nlocal function main(...)\n    io.print(\"hello\", ...)\n    return 0\nend\nreturn { main = main }\n";

fn hello() -> Scratch {
    let folder = Scratch::new();
    folder.file("src/_index.yaml", HELLO);
    folder.file("src/hello.lua", HELLO_LUA);
    folder
}

#[test]
fn init_writes_the_lock_and_keeps_it() {
    let folder = Scratch::new();
    let first = wippy(&["init"]).within(&folder).outcome();
    assert_eq!((first.code, first.out.as_str()), (0, "Created wippy.lock (src: ./src, modules: .wippy)\n"));
    assert!(first.err.contains("create ./src"), "{}", first.err);
    let text = folder.read("wippy.lock");
    assert_eq!(text, "directories:\n    modules: .wippy\n    src: ./src\n");
    folder.file("src/_index.yaml", HELLO);
    expect(wippy(&["init"]).within(&folder), 0, "Updated wippy.lock (src: ./src, modules: .wippy)\n", "");
    assert_eq!(folder.read("wippy.lock"), text);
    expect(
        wippy(&["init", "-d", "code", "--modules-dir", "deps"]).within(&folder),
        0,
        "Updated wippy.lock (src: code, modules: deps)\n",
        "Next: create code and put a definition file into it, such as code/_index.yaml\n",
    );
}

#[test]
fn commands_are_listed_without_starting_anything() {
    expect(
        wippy(&["run", "list"]).within(&hello()),
        0,
        "Available commands:\n\n  hello    Say hello    (app:hello)\n\nRun with: wippy run <command>\n",
        "",
    );
    let folder = Scratch::new();
    folder.file("src/_index.yaml", "namespace: app\nentries: []\n");
    let none = wippy(&["run", "list"]).within(&folder).outcome();
    assert_eq!(none.code, 0);
    assert!(none.out.starts_with("No commands found.\n"), "{}", none.out);
}

#[test]
fn entries_are_listed_and_shown() {
    let folder = hello();
    expect(
        wippy(&["registry", "list"]).within(&folder),
        0,
        "ID            KIND\n---------------------------\napp:hello     process.lua\napp:terminal  terminal.host\n\nTotal: 2 entries\n",
        "",
    );
    folder.file("src/web.yaml", "namespace: web\nentries:\n  - {name: gateway, kind: http.service, addr: :8080, mode: 0600, meta: {tier: front}}\n");
    expect(
        wippy(&["registry", "list", "--kind", "http.*", "--json"]).within(&folder),
        0,
        "[\n  {\n    \"id\": \"web:gateway\",\n    \"kind\": \"http.service\",\n    \"meta\": {\n      \"tier\": \"front\"\n    }\n  }\n]\n",
        "",
    );
    expect(wippy(&["registry", "show", "web:gateway", "--field", "addr"]).within(&folder), 0, ":8080\n", "");
    expect(
        wippy(&["registry", "show", "gateway"]).within(&folder),
        0,
        "ID: web:gateway\nKind: http.service\nMetadata:\n  tier: front\nData:\n  addr: \":8080\"\n  mode: 384\n",
        "",
    );
    expect(
        wippy(&["registry", "list", "--meta", "tier^fr", "-n", "w*"]).within(&folder),
        0,
        "ID           KIND\n-------------------------\nweb:gateway  http.service\n\nTotal: 1 entry\n",
        "",
    );
    expect(wippy(&["registry", "list", "--name", "nope"]).within(&folder), 0, "No entries found\n", "");
    expect(wippy(&["registry", "show", "nope"]).within(&folder), 1, "", "error: entry not found: nope\n");
    expect(
        wippy(&["registry", "show", "gateway", "--field", "nope"]).within(&folder),
        1,
        "",
        "error: field \"nope\" not found in entry data\n",
    );
}

#[test]
fn broken_files_are_framed() {
    let folder = Scratch::new();
    folder.file("src/_index.yaml", "namespace: app\nentries:\n\t- name: x\n");
    let outcome = wippy(&["registry", "list"]).within(&folder).outcome();
    assert_eq!((outcome.code, outcome.out.as_str()), (1, ""));
    for part in [
        "error[Y0001]: cannot read this file: tabs cannot indent YAML; use spaces",
        "src/_index.yaml:3:",
        "^",
    ] {
        assert!(outcome.err.contains(part), "{part}\n{}", outcome.err);
    }
    folder.file("src/_index.yaml", "namespace: app\nentries:\n  - name: x\n    kind: process.lua\n    source: file://../../x.lua\n  - name: y\n    kind: library.lua\n    source: file://y.lua\n");
    let outcome = wippy(&["registry", "list"]).within(&folder).outcome();
    assert_eq!(outcome.code, 1);
    for part in [
        "source of app:x: file://../../x.lua leads outside of the application",
        "src/_index.yaml:5:13",
        "source of app:y: there is no file src/y.lua",
    ] {
        assert!(outcome.err.contains(part), "{part}\n{}", outcome.err);
    }
}

#[test]
fn no_application_says_what_to_do() {
    let folder = Scratch::new();
    let outcome = wippy(&["registry", "list"]).within(&folder).outcome();
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.err.contains("no application in this directory") && outcome.err.contains("wippy init"),
        "{}",
        outcome.err
    );
}

#[test]
fn update_and_install_work_offline() {
    let folder = hello();
    expect(wippy(&["update"]).within(&folder), 0, "wippy.lock is up to date (0 modules)\n", "");
    expect(wippy(&["install"]).within(&folder), 0, "Nothing to install\n", "");
    folder.file(
        "src/deps.yaml",
        "namespace: deps\nentries:\n  - {name: db, kind: ns.dependency, component: acme/db, version: ^1.0}\n",
    );
    let outcome = wippy(&["update"]).within(&folder).outcome();
    assert_eq!(outcome.code, 1);
    assert!(outcome.err.contains("  acme/db\n") && outcome.err.contains("replacements"), "{}", outcome.err);
    folder.file(".wippy/vendor/acme/db/wippy.yaml", "version: 1.2.3\nexclude: ['acme.db:secret']\n");
    folder.file(".wippy/vendor/acme/db/src/_index.yaml", "namespace: acme.db\nentries:\n  - {name: table, kind: registry.entry}\n  - {name: secret, kind: registry.entry}\n");
    expect(wippy(&["update"]).within(&folder), 0, "wippy.lock is up to date (1 module)\n", "");
    assert!(folder.read("wippy.lock").contains("name: acme/db\n"), "{}", folder.read("wippy.lock"));
    let shown = wippy(&["registry", "list", "--ns", "acme.db", "--json"]).within(&folder).outcome();
    assert!(
        shown.out.contains("\"module\": \"acme/db\"") && shown.out.contains("\"module_version\": \"1.2.3\""),
        "{}",
        shown.out
    );
    assert!(!shown.out.contains("secret"));
}

#[test]
fn overrides_and_configuration_reach_the_entries() {
    let folder = hello();
    folder.file(".wippy.yaml", "version: '1.0'\noverride:\n  app:hello:method: other\n");
    expect(wippy(&["registry", "show", "hello", "-f", "method"]).within(&folder), 0, "other\n", "");
    folder.file(".wippy.yaml", "version: '1.0'\noverride:\n  app:nope:method: other\n");
    let outcome = wippy(&["registry", "list"]).within(&folder).outcome();
    assert_eq!(outcome.code, 1);
    assert!(outcome.err.contains("app:nope"), "{}", outcome.err);
}

#[test]
fn new_makes_an_application() {
    let folder = Scratch::new();
    for template in ["cli", "http", "service"] {
        let outcome = wippy(&["new", template, "--template", template]).within(&folder).outcome();
        assert_eq!((outcome.code, outcome.err.as_str()), (0, ""));
        assert!(outcome.out.contains("src/_index.yaml"), "{}", outcome.out);
        let listed = wippy(&["registry", "list"]).below(&folder, template).outcome();
        assert_eq!((listed.code, listed.err.as_str()), (0, ""));
        assert!(listed.out.contains("app:terminal"), "{}", listed.out);
    }
    let again = wippy(&["new", "cli"]).within(&folder).outcome();
    assert_eq!((again.code, again.err.as_str()), (1, "error: cli exists and is not empty\n"));
}
