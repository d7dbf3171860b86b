-- Schemas of types and what the types say about generated values, for `compare.py`. Arguments: a number of values for
-- each type, then guides whose declarations are taken.
--
-- Prints JSON lines: {"type": text, "schema": ...}, each followed by {"value": ..., "valid": ..., "table": ...}, where
-- "table" says that an empty table is in the value: a list and an object at once for a type, but not for a schema.

local json = require("json")

-- Types of every form that plain data can have, beside those of the guides.
local OWN = [[
type Scalar = string | number | boolean | nil
type Tags = {string @min_len(1)} @max_len(3)
type Scores = {[string]: integer @min(0)}
type Open = {id: integer, [string]: number | integer}
type Pair = {a: number} & {b: string?}
type Mixed = {kind: 1, list: {Mixed}?} | {kind: true, text: string @max_len(4)} | "none"
type Limits = {ratio: number @min(0.5) @max(2.5), code: string @pattern("^[A-Z]{2}[0-9]*$") @min_len(3)}
type Any2 = {one: any, two: unknown, three: table}
]]

local function declarations(text)
  local lines, inside = {}, nil
  for line in (text .. "\n"):gmatch("(.-)\n") do
    if line:find("^type ") or line:find("^interface ") then
      inside = line:match("^%a+")
      lines[#lines + 1] = line
    elseif inside == "interface" then
      lines[#lines + 1] = line
      if line:find("^end") then inside = nil end
    elseif inside == "type" and line:find("^%s+[|&%w{}]") then
      lines[#lines + 1] = line
    else
      inside = nil
    end
  end
  return table.concat(lines, "\n")
end

-- The types that a text declares; generic ones with `number` for each parameter.
local function types_of(text)
  local source = declarations(text)
  local values = {}
  for word, name, parameters in ("\n" .. source):gmatch("\n(%a+) (%w+)(<?[%w, ]*)") do
    local arguments = parameters:sub(1, 1) == "<" and "(" .. parameters:gsub("[<> ]", ""):gsub("%w+", "number") .. ")" or ""
    values[#values + 1] = name .. arguments
  end
  local chunk = load(source .. "\nreturn " .. table.concat(values, ", "))
  if not chunk then return {} end
  return {chunk()}
end

local TEXTS = {"", "a", "Ab", "DE12", "x@y.z", "user@example.com", "circle", "text of some length", "é", "12345", "none"}
local NUMBERS = {0, 1, -1, 2, 0.5, 2.5, 3.0, 100, 65535, 65536, -0.25, 1e300, 1 << 40}

local function pick(list) return list[math.random(#list)] end

local function anything(depth)
  local kind = math.random(depth > 2 and 4 or 6)
  if kind == 1 then return pick(TEXTS) end
  if kind == 2 then return pick(NUMBERS) end
  if kind == 3 then return math.random(2) == 1 end
  if kind == 4 then return nil end
  local t = {}
  for i = 1, math.random(0, 3) do
    t[kind == 5 and i or pick {"a", "b", "kind", "x", "name", "id"}] = anything(depth + 1)
  end
  return t
end

local value_of

local function record(ty, t, depth)
  for name, field, optional in ty:fields() do
    if math.random() < (optional and 0.5 or 0.93) then t[name] = value_of(field, depth + 1) end
  end
  if math.random() < 0.1 then t.extra = anything(depth + 1) end
  return t
end

-- A value that is probably of the type.
function value_of(ty, depth)
  if depth > 5 or math.random() < 0.08 then return anything(depth) end
  local kind = ty:kind()
  if kind == "string" then return pick(TEXTS) end
  if kind == "number" or kind == "integer" then
    local bound
    for _, argument in ty:validators() or function() end do
      if math.random() < 0.5 and type(argument) == "number" then bound = argument end
    end
    return bound and bound + pick {0, 0, 1, -1, 0.5} or pick(NUMBERS)
  end
  if kind == "boolean" then return math.random(2) == 1 end
  if kind == "literal" then return ty:value() end
  if kind == "optional" then return math.random(3) > 1 and value_of(ty:inner(), depth) or nil end
  if kind == "union" then
    local variants = {}
    for variant in ty:variants() do variants[#variants + 1] = variant end
    return value_of(pick(variants), depth)
  end
  if kind == "intersection" then
    local t = {}
    for part in ty:parts() do
      local value = value_of(part, depth)
      for key, item in pairs(type(value) == "table" and value or {}) do t[key] = item end
    end
    return t
  end
  if kind == "array" then
    local t = {}
    for i = 1, math.random(0, 4) do
      local item = value_of(ty:elem(), depth + 1)
      if item == nil then break end
      t[i] = item
    end
    return t
  end
  if kind == "map" then
    local t = {}
    for _ = 1, math.random(0, 3) do
      local key = value_of(ty:key(), depth + 1)
      if type(key) == "string" then t[key] = value_of(ty:val(), depth + 1) end
    end
    return t
  end
  if kind == "record" or kind == "interface" then return record(ty, {}, depth) end
  return anything(depth)
end

local function has_empty(value)
  if type(value) ~= "table" then return false end
  if next(value) == nil then return true end
  for _, item in pairs(value) do
    if has_empty(item) then return true end
  end
  return false
end

math.randomseed(20260101)
local count = math.tointeger(arg[1])
local texts = {OWN}
for at = 2, #arg do
  for block in assert(io.open(arg[at])):read("a"):gmatch("```lua\n(.-)```") do texts[#texts + 1] = block end
end
for _, text in ipairs(texts) do
  for _, ty in ipairs(types_of(text)) do
    io.write('{"type":', json.encode(tostring(ty)), ',"schema":', assert(json.encode(ty:schema())), "}\n")
    local made = 0
    while made < count do
      local value = value_of(ty, 0)
      -- What cannot be written, such as a list with holes or with names, is no value of JSON.
      local written = json.encode(value)
      if written then
        made = made + 1
        local read = json.decode(written)
        local _, err = ty:is(read)
        io.write('{"value":', written, ',"valid":', tostring(err == nil), ',"table":', tostring(has_empty(read)), "}\n")
      end
    end
  end
end
