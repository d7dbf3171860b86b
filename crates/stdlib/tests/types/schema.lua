-- JSON Schema both ways, and parsing.
local types = require("types")
type User = {name: string @min_len(1), age: integer @min(0) @max(150), tags?: {string}, role: "admin" | "guest"}
local s = User:schema()
assert(s["$schema"]:find("2020-12", 1, true) and s.type == "object" and s.properties.name.minLength == 1)
assert(table.concat(s.required, " ") == "name age role" and s.properties.role.enum[2] == "guest")
assert(s.properties.tags.items.type == "string" and s.properties.age.maximum == 150)
local back = types.from_schema(s)
assert(back == User, tostring(back))
type Tree = {value: number, children: {Tree}}
local t = Tree:schema()
assert(t.properties.children.items["$ref"] == "#")
local tree = types.from_schema(t)
assert(tree == Tree and tree:is({value = 1, children = {{value = 2, children = {}}}}))
type Address = {zip: string}
type Company = {address: Address, offices: {[string]: Address}, note: string?}
local c = Company:schema()
assert(c.properties.address["$ref"] == "#/$defs/Address" and c["$defs"].Address.properties.zip.type == "string")
assert(types.from_schema(c):is({address = {zip = "1"}, offices = {x = {zip = "2"}}}))
assert(not types.from_schema(c):is({address = {zip = 1}, offices = {}}))
assert(types.from_schema({type = {"string", "null"}}):kind() == "optional")
assert(types.from_schema({}) == Any and types.from_schema({["not"] = {}}) == Never)
assert(not pcall(types.from_schema, {["$ref"] = "#/$defs/none"}) and not pcall(types.from_schema, {type = "x"}))
type Loose = {
  name: string @trim @min_len(1),
  age: integer @coerce,
  active: boolean @default(true),
  tags: {string @trim} @default({"none"}),
}
local given = {name = "  Ann ", age = "42"}
local parsed, err = Loose:parse(given)
assert(err == nil and parsed.name == "Ann" and parsed.age == 42 and parsed.active == true and parsed.tags[1] == "none")
assert(parsed ~= given and given.name == "  Ann " and given.tags == nil)
local none, why = Loose:parse({name = "   ", age = "x"})
assert(none == nil and why:message() == "name: length below minimum")
type Choice = {kind: "a", n: integer @coerce} | {kind: "b", s: string}
assert(Choice:parse({kind = "a", n = "3"}).n == 3)
