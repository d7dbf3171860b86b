-- Which values types accept, and what they say about the others.
local function says(T, value, message)
  local v, e = T:is(value)
  assert(v == nil and e, "accepted")
  assert(e:message() == message, e:message())
  return e:details()
end
type Arr = {number}
assert(Arr:is({}) and Arr:is({1, nil, 3}) and Arr:is({[5] = 1}))
says(Arr, {a = 1}, 'expected Arr, got table with key "a"')
says(Arr, {1, "x"}, "[2]: expected number, got string")
says(Arr, {[0] = 1}, "expected Arr, got table with key 0")
type Map = {[string]: {id: integer}}
says(Map, {["a b"] = {id = 1.5}}, '["a b"].id: expected integer, got number')
says(Map, {[1] = {id = 1}}, "[key]: expected string, got number")
type Id = {id: number | string}
says(Id, {id = true}, "id: expected number | string, got boolean")
type Ev = {kind: "a", n: number} | {kind: "b", s: string}
assert(Ev:is({kind = "a", n = 1}) and Ev:is({kind = "b", s = "x"}))
says(Ev, {kind = "c"}, 'kind: expected "a" | "b", got string')
says(Ev, {kind = "a", n = "x"}, "n: expected number, got string")
says(Ev, {}, "kind: required field missing")
says(Ev, 5, "expected Ev, got number")
type Deep = {user: {address: {zip: string}}}
local d = says(Deep, {user = {address = {zip = 5}}}, "user.address.zip: expected string, got number")
assert(d.field == "user.address.zip" and d.expected == "string" and d.got == "number" and d.type == "Deep")
says(Deep, {user = {}}, "user.address: required field missing")
-- validators
type Name = string @min_len(2) @max_len(4)
assert(Name:is("ab") and says(Name, "a", "length below minimum").constraint == "min_len")
says(Name, "abcde", "length above maximum")
type Few = {number @min(0)} @max_len(2)
assert(Few:is({1, 2})) says(Few, {1, 2, 3}, "length above maximum") says(Few, {1, -1}, "[2]: value below minimum")
type Bounded = number @min(1) @max(2)
says(Bounded, 0 / 0, "value below minimum") says(Bounded, 3, "value above maximum")
assert(Bounded:is(1.5) and Bounded:is(2))
type Bad = string @pattern("(")
says(Bad, "x", "invalid regex")
type Unknown = string @whatever(1)
assert(Unknown:is("x"))
type Maybe = (string @min_len(3))?
assert(select(2, Maybe:is(nil)) == nil and Maybe:is("abc")) says(Maybe, "a", "length below minimum")
local ok, err = pcall(Bounded, 5)
assert(tostring(err):find("expected Bounded, got number: value above maximum", 1, true))
-- classes and interfaces: fields are found through __index tables, never through functions
interface Shape
  function area(self): number
end
local Square = {area = function() return 1 end} Square.__index = Square
assert(Shape:is(setmetatable({}, Square)))
says(Shape, setmetatable({}, {__index = function() return print end}), "area: required field missing")
type Fields = {[string]: number}
assert(Fields:is(setmetatable({a = 1}, {__index = {b = "x"}, __pairs = error, __len = error})))
-- cycles, depth, sharing
type List = {next?: List, value: number}
local chain = {value = 0}
for i = 1, 150 do chain = {value = i, next = chain} end
assert(List:is(chain))
for i = 1, 100 do chain = {value = i, next = chain} end
local _, e = List:is(chain)
assert(e:message():find("value nested deeper than 200", 1, true))
type Json = nil | boolean | number | string | {Json} | {[string]: Json}
local cyclic = {} cyclic.self = cyclic
assert(Json:is(cyclic) and not Json:is({print}))
type Tower = {{{{{{{{number}}}}}}}}
local shared = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
for i = 1, 7 do local s = shared shared = {s, s, s, s, s, s, s, s, s, s} end
assert(Tower:is(shared))
-- every failure
type User = {name: string, age: integer @min(0), tags: {string}}
local all = User:check({age = -1, tags = {"a", 1, 2}})
local messages = {}
for _, f in ipairs(all) do messages[#messages + 1] = f.message end
assert(table.concat(messages, "; ") == "name: required field missing; age: value below minimum; "
  .. "tags[2]: expected string, got number; tags[3]: expected string, got number")
assert(all[2].constraint == "min" and all[3].field == "tags[2]" and #User:check({name = "", age = 1, tags = {}}) == 0)
type Shape2 = {r: number, x: number} | {w: number, h: number}
local near = Shape2:check({w = 1, h = "x"})
assert(#near == 1 and near[1].message == "h: expected number, got string")
