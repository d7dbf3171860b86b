//! Types of other files, as scripts use them: exported or only declared, required by name or by path.

mod support;

use support::{Scratch, expect, wippy};

const SETTINGS: &str = "
type Server = {host: string, port: integer}
type Level = \"low\" | \"high\"
type Pair<T> = {a: T, b: T}
local M = {Server = Server}
function M.level(): Level return \"low\" end
return M
";

const NEIGHBOUR: &str = "
local settings = require(\"./settings\")
type Entry = {server: settings.Server, level: settings.Level, pair: settings.Pair<integer>}
return {Entry = Entry}
";

const MAIN: &str = "
local neighbour = require(\"./lib/neighbour\")
local named = require(\"lib.settings\")
type Two = {entry: neighbour.Entry, level: named.Level}
local function entry(level: string, b: any): any
  return {entry = {server = {host = \"h\", port = 1}, level = level, pair = {a = 1, b = b}}, level = \"high\"}
end
print(Two:is(entry(\"low\", 2)) ~= nil)
print((select(2, Two:is(entry(\"middle\", 2)))))
print((select(2, Two:is(entry(\"low\", \"2\")))))
local server: named.Server = {host = \"h\", port = 1}
print(typeof(server) == named.Server, typeof(server) == neighbour.Entry, named.Level)
";

#[test]
fn declared_types_of_other_files_are_checked() {
    let folder = Scratch::new();
    folder.file("lib/settings.lua", SETTINGS);
    folder.file("lib/neighbour.lua", NEIGHBOUR);
    folder.file("main.lua", MAIN);
    let printed = "true\n\
        entry.level: expected Level, got string\n\
        entry.pair.b: expected integer, got string\n\
        true\tfalse\tnil\n";
    expect(wippy(&["main.lua"]).within(&folder), 0, printed, "");
    // Only the field that holds no type is a mistake.
    let found = wippy(&["check", "--error-format", "short", "main.lua", "lib"]).within(&folder).outcome();
    assert_eq!(found.out.matches("error[").count(), 1, "{}", found.out);
    assert!(found.out.contains("main.lua:12:"), "{}", found.out);
    assert!(found.out.contains("error[E0004]: field 'Level' does not exist"), "{}", found.out);
}
