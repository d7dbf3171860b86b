-- Runs generated programs one after another; each has its own globals and its own allowance of ticks.
local ticks, handlers, counts = 0, 0, {}
local print, type, tostring, error, pcall, select, math_type = print, type, tostring, error, pcall, select, math.type
local getmetatable, rawget, next, concat, sort, gsub = getmetatable, rawget, next, table.concat, table.sort, string.gsub
local base = _G

local function tick()
  ticks = ticks + 1
  if ticks > 1200 then error("out of ticks", 0) end
end
-- Metamethods nest on the stack of the reference implementation: fewer are allowed.
local function handler()
  handlers = handlers + 1
  if handlers > 90 then error("out of handlers", 0) end
end
local function count(name)
  counts[name] = (counts[name] or 0) + 1
  return counts[name] % 6 == 0
end
local function cut(s) if type(s) == "string" and #s > 80 then return s:sub(1, 80) end return s end
local function str(v)
  local t = type(v)
  if t == "table" or t == "function" or t == "thread" or t == "userdata" then
    local mt = getmetatable(v)
    if type(mt) ~= "table" or not rawget(mt, "__tostring") then return t end
  end
  return tostring(v)
end
local function describe(v, depth)
  local t = type(v)
  if t == "string" then return "'" .. gsub(v, "[%c\128-\255]", function(c) return ("\\%d"):format(c:byte()) end) .. "'" end
  if t == "number" then return math_type(v) == "float" and "f:" .. tostring(v) or tostring(v) end
  if t ~= "table" then return str(v) end
  if depth > 1 then return "{...}" end
  local parts = {}
  for k, e in next, v do
    parts[#parts + 1] = (type(k) == "string" and k or "[" .. describe(k, 2) .. "]") .. "=" .. describe(e, depth + 1)
  end
  sort(parts)
  parts[41] = parts[41] and "..."
  for i = #parts, 42, -1 do parts[i] = nil end
  return "{" .. concat(parts, ",") .. "}"
end
local function show(...)
  local t = {}
  for i = 1, select("#", ...) do t[i] = describe((select(i, ...)), 0) end
  print(concat(t, " "))
end
-- Results of pcall; a message without the variable that it blames, " (local 'x')".
local function unnamed(ok, message, ...)
  if not ok and type(message) == "string" then message = gsub(message, " %(%l+ '.*'%)$", "") end
  return ok, message, ...
end
local function order(a, b) return describe(a, 0) < describe(b, 0) end
local function sorted(t)
  local keys = {}
  for k in next, t do if type(k) == "string" then keys[#keys + 1] = k end end
  sort(keys)
  local i = 0
  return function() i = i + 1 if keys[i] then return keys[i], t[keys[i]] end end
end
local function upto(n) return function(limit, i) if i < limit then return i + 1, i * i end end, n, 0 end
local helpers = {tick = tick, handler = handler, count = count, cut = cut, str = str, show = show, order = order, unnamed = unnamed, sorted = sorted, upto = upto}

return function(name, source)
  print("== " .. name)
  ticks, handlers, counts = 0, 0, {}
  local globals = setmetatable({}, {__index = function(_, k) local h = helpers[k] if h ~= nil then return h end return base[k] end})
  local f, message = load(source, "=p", "t", globals)
  if not f then return print("does not compile: " .. message) end
  show(pcall(f, "first", 2, nil, 4.5))
end
