-- JSON in both directions on four kinds of data. Runs here, and in stock Lua with `cjson` (Debian's package lua-cjson):
--   lua5.3 benches/types/text.lua
--
-- Prints one line per measurement: its name, a tab, nanoseconds per operation.

local found, json = pcall(require, "json")
if not found then json = require("cjson") end

local clock = os.clock

-- The least of several rounds, in nanoseconds per operation.
local function measure(name, operation)
  local count = 1
  local least = math.huge
  local spent
  repeat
    local start = clock()
    for _ = 1, count do operation() end
    spent = clock() - start
    count = spent > 0.0005 and math.ceil(count * 0.05 / spent) or count * 8
  until spent > 0.02
  for _ = 1, 15 do
    local start = clock()
    for _ = 1, count do operation() end
    least = math.min(least, (clock() - start) / count)
  end
  print(string.format("%s\t%.1f", name, least * 1e9))
end

local records = {}
for i = 1, 100 do
  records[i] = {id = i, name = "name " .. i, email = "user" .. i .. "@example.com", score = i / 8, active = i % 2 == 0}
end

local numbers = {}
for i = 1, 10000 do numbers[i] = i % 3 == 0 and i / 4 or i * 37 end

local nested = 1
for _ = 1, 100 do nested = {nested} end
local objects = 1
for _ = 1, 100 do objects = {inner = objects} end

local strings = {}
for i = 1, 10 do strings[i] = string.rep("a long text without anything special in it, number " .. i .. "; ", 400) end

local cases = {
  {"small records", records}, {"long array of numbers", numbers}, {"nested lists", nested}, {"nested objects", objects},
  {"long strings", strings},
}
for _, case in ipairs(cases) do
  local name, value = case[1], case[2]
  local text = json.encode(value)
  assert(type(text) == "string" and json.encode(json.decode(text)) == json.encode(json.decode(text)))
  measure("encode: " .. name, function() return json.encode(value) end)
  measure("decode: " .. name, function() return json.decode(text) end)
end
