-- `json.decode_as`: what it accepts, what it refuses and where.

local json = require("json")

local function fails(ty, text, message, field)
  local value, err = json.decode_as(ty, text)
  assert(value == nil and err, text .. " was accepted")
  assert(err:message() == message, err:message() .. "\n(expected) " .. message)
  assert(err:details().field == field, tostring(err:details().field))
  assert(err:kind() == errors.INVALID and err:retryable() == false)
  return err
end

type Address = {street: string @min_len(1), zip: string @pattern("^[0-9]{5}$")}
type User = {
  name: string, age: integer @min(0), role: "admin" | "user",
  address?: Address, tags?: {string} @max_len(2), [string]: any,
}

local user, err = json.decode_as(User, [[
  {"name": "Ann", "age": 41, "role": "user", "address": {"street": "x", "zip": "12345"}, "tags": ["a", null], "more": [1]}
]])
assert(err == nil, tostring(err))
assert(user.name == "Ann" and user.age == 41 and user.address.zip == "12345" and user.tags[1] == "a" and user.more[1] == 1)
assert(User:is(user) == user)

-- The first byte that breaks the type.
local e = fails(User, '{"name": "Ann",\n "age": "41", "role": 1, this is not read',
  "age: expected integer, got string at line 2, column 9 (byte 24)", "age")
local details = e:details()
assert(details.line == 2 and details.column == 9 and details.byte == 24)
assert(details.expected == "integer" and details.got == "string" and details.type == "User")
fails(User, '{"age": -1', "age: value below minimum at line 1, column 9 (byte 8)", "age")
fails(User, '{"role": "root"', 'role: expected "admin" | "user", got string at line 1, column 10 (byte 9)', "role")
fails(User, '{"name": [', "name: expected string, got table at line 1, column 10 (byte 9)", "name")
fails(User, '{"name": null', "name: required field missing at line 1, column 10 (byte 9)", "name")
fails(User, '{"address": {"zip": "1234"', "address.zip: pattern mismatch at line 1, column 21 (byte 20)", "address.zip")
fails(User, '{"address": {"zip": "12345"} junk', "address.street: required field missing at line 1, column 28 (byte 27)", "address.street")
fails(User, '{"name": "A", "age": 1}', "role: required field missing at line 1, column 23 (byte 22)", "role")
fails(User, '{"tags": ["a", "b", "c"] junk', "tags: length above maximum at line 1, column 24 (byte 23)", "tags")
fails(User, '{"tags": ["a", 2', "tags[2]: expected string, got number at line 1, column 16 (byte 15)", "tags[2]")
fails(User, "7", "expected User, got number at line 1, column 1 (byte 0)", nil)
fails(User, "null", "expected User, got nil at line 1, column 1 (byte 0)", nil)

-- What no reader can judge before a table is complete is judged then.
type Either = {a: number} | {b: string}
assert(json.decode_as(Either, '{"b": "x"}').b == "x")
fails(Either, '{"b": 1}', "expected Either, got table at line 1, column 8 (byte 7)", nil)
type Both = {a: number} & {b: {c: string}}
assert(json.decode_as(Both, '{"b": {"c": "x"}, "a": 1}').a == 1)
fails(Both, '{"b": {"c": 1}, "a": 1}', "b.c: expected string, got number at line 1, column 23 (byte 22)", "b.c")

-- Records that a field selects, first or later.
type Event = {kind: "click", x: number} | {kind: "key", code: integer, name?: string}
type Events = {Event}
assert(#json.decode_as(Events, '[{"kind": "click", "x": 1}, {"code": 1, "kind": "key"}]') == 2)
fails(Events, '[{"kind": "click", "x": "1"', "[1].x: expected number, got string at line 1, column 25 (byte 24)", "[1].x")
fails(Events, '[{"kind": "drag"', '[1].kind: expected "click" | "key", got string at line 1, column 11 (byte 10)', "[1].kind")
fails(Events, '[{"kind": {', '[1].kind: expected "click" | "key", got table at line 1, column 11 (byte 10)', "[1].kind")
fails(Events, '[{"code": "1", "kind": "key"}', "[1].code: expected integer, got string at line 1, column 29 (byte 28)", "[1].code")
fails(Events, '[{}', "[1].kind: required field missing at line 1, column 3 (byte 2)", "[1].kind")

-- Maps, and lists where a table of another form is right as well.
type Scores = {[string @min_len(2)]: {integer}}
assert(json.decode_as(Scores, '{"aa": [1], "bb": [], "c": null}').aa[1] == 1)
fails(Scores, '{"aa": [1], "c": []}', "[key]: length below minimum at line 1, column 18 (byte 17)", "[key]")
fails(Scores, '{"aa": [1.5]}', "aa[1]: expected integer, got number at line 1, column 9 (byte 8)", "aa[1]")
assert(#json.decode_as(Scores, "[]") == 0)
type Numbers = {number}
assert(next(json.decode_as(Numbers, "{}")) == nil)
fails(Numbers, '{"a": 1}', 'expected Numbers, got table with key "a" at line 1, column 8 (byte 7)', nil)

-- Scalars, generics, the types that libraries stand for, and recursive types.
assert(json.decode_as(number, "1.5") == 1.5 and json.decode_as(string, '"x"') == "x")
assert(json.decode_as(Any, "null") == nil and select(2, json.decode_as(Any, "null")) == nil)
assert(json.decode_as(Nil, "null") == nil and select(2, json.decode_as(Nil, "null")) == nil)
type Box<T> = {value: T}
assert(json.decode_as(Box(integer), '{"value": 3.0}').value == 3.0)
fails(Box(integer), '{"value": 3.5}', "value: expected integer, got number at line 1, column 11 (byte 10)", "value")
assert(select(2, json.decode_as(Box, "{}")):message():find("generic Box needs type arguments", 1, true))
type Tree = {value: number, children?: {Tree}}
assert(json.decode_as(Tree, '{"value": 1, "children": [{"value": 2}]}').children[1].value == 2)
fails(Tree, '{"value": 1, "children": [{"value": 2, "children": [{"value": []',
  "children[1].children[1].value: expected number, got table at line 1, column 63 (byte 62)", "children[1].children[1].value")

-- Malformed texts are no affair of the type.
for _, text in ipairs {'{"name": "Ann"', '{"name": "A", "name": "B"}', '{"name" "A"}', "[", "nul", '{"age": 1, "age": 2}'} do
  local value, err = json.decode_as(User, text)
  assert(value == nil and err, text)
end
assert(select(2, json.decode_as(User, '{"name": "A", "age": 1, "role": "user", "age": 2}')):message():find("duplicate", 1, true))
assert(select(2, json.decode_as(User, "")):message() == "empty string is not valid JSON")
assert(select(2, json.decode_as(User, 1)):message() == "string expected")
assert(not pcall(json.decode_as, 1, "1") and not pcall(json.decode_as))

-- Long lists and objects come in blocks.
local long = {}
for i = 1, 3000 do long[i] = {name = "n" .. i, age = i, role = "user"} end
type Users = {User}
assert(#json.decode_as(Users, json.encode(long)) == 3000)
long[2500].age = "x"
local _, e = json.decode_as(Users, json.encode(long))
assert(e:details().field == "[2500].age")
local wide = {}
for i = 1, 2000 do wide["k" .. i] = i end
type Wide = {[string]: integer}
assert(json.decode_as(Wide, json.encode(wide)).k1999 == 1999)
