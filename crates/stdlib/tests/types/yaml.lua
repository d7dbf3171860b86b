-- `yaml`: both directions, options, errors.

local yaml = require("yaml")

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for k, v in pairs(a) do if not same(v, b[k]) then return false end end
  for k in pairs(b) do if a[k] == nil then return false end end
  return true
end

assert(yaml.encode({}) == "{}\n")
assert(yaml.encode({root = {list = {7, {k = 1, z = {2}}}}}) ==
  "root:\n    list:\n        - 7\n        - k: 1\n          z:\n            - 2\n")
assert(yaml.encode({b = 1, a10 = 2, a2 = 3}, {field_order = {"b", 7}, sort_unordered = true}) == "b: 1\na10: 2\na2: 3\n")
assert(yaml.encode({1, nil, 3, name = "lost"}) == "- 1\n- null\n- 3\n")
assert(yaml.encode({[1.5] = true, [true] = "x"}) == "\"1.5\": true\n\"true\": x\n")

local value = {name = "a: b", text = "line\nbreak\n", list = {1, 2.5, "x", {deep = {}}}, yes = "no", n = -0.001}
assert(same(yaml.decode(yaml.encode(value)), value))

local doc, err = yaml.decode("a: &x {b: 1}\nc:\n  <<: *x\n  d: [1, ~, 0x10]\n---\nnot read: [")
assert(err == nil and doc.c.b == 1 and doc.c.d[3] == 16 and doc.c.d[2] == nil)
assert(yaml.decode("# nothing") == nil and select(2, yaml.decode("# nothing")) == nil)
assert(yaml.decode("2024-01-15") == 1705276800.0)

local function fails(kind, text, f, ...)
  local value, err = f(...)
  assert(value == nil and err:kind() == kind and err:message():find(text, 1, true), tostring(err))
end
fails(errors.INVALID, "string expected", yaml.decode, 1)
fails(errors.INVALID, "input cannot be empty", yaml.decode, "")
fails(errors.INVALID, "table expected", yaml.encode, "x")
fails(errors.INTERNAL, "occurs twice at line 2, column 1", yaml.decode, "a: 1\na: 2")
fails(errors.INTERNAL, "overflows", yaml.decode, "9223372036854775808")
local cycle = {}
cycle.self = cycle
fails(errors.INTERNAL, "recursive table", yaml.encode, cycle)
