-- Calls every function of chapter 6 of the Lua 5.3 manual with missing, wrong, odd and extra arguments and
-- prints what each call gave, one line a call. `cargo xtask arguments` runs it in two interpreters and
-- compares the lines. Usage: calls.lua GROUP, in an empty folder; without GROUP it prints the groups' names.
--
-- A line is `function form(arguments) => results`. Forms: `direct` is pcall(f, ...), `named` a call of the
-- function by its name in Lua code, `method` a call with the first argument as the object. Whatever differs
-- from run to run (addresses, times, random numbers) is printed as a type.

local out = io.stdout
local pack, unpack, select, type, tostring, pcall, pairs, ipairs = table.pack, table.unpack, select, type, tostring, pcall, pairs, ipairs
local format, gsub, rep, concat, sort, match = string.format, string.gsub, string.rep, table.concat, table.sort, string.match
local max, math_type, load, getmetatable, rawlen, rawget, io_open, io_type = math.max, math.type, load, getmetatable, rawlen, rawget, io.open, io.type
local collect, sethook, set_metatable, get_metatable, next, setlocale = collectgarbage, debug.sethook, debug.setmetatable, debug.getmetatable, next, os.setlocale

package.path, package.cpath = "./?.lua", "./?.so"
-- Names that only some builds have; messages would name functions by them.
bit32, package.loaded.bit32 = nil, nil
for _, name in ipairs {"atan2", "cosh", "frexp", "ldexp", "log10", "pow", "sinh", "tanh"} do math[name] = nil end

-- Values -----------------------------------------------------------------------------------------------

-- Each value is made anew for each call, so that calls cannot disturb each other.
local open_files = {}
local function new_file()
  local f = io_open("scratch.txt", "w+")
  f:write("line one\n12 0x1F rest\nlast")
  f:seek("set")
  open_files[#open_files + 1] = f
  return f
end
local function closed_file() local f = io_open("scratch.txt", "w") f:close() return f end
local function constant(v) return function() return v end end
local function suspended() local co = coroutine.create(function(...) coroutine.yield(...) return "returned" end) return co end
local function dead() local co = coroutine.create(function() end) coroutine.resume(co) return co end

local values = {
  {"nil", constant(nil)}, {"true", constant(true)}, {"false", constant(false)},
  {"0", constant(0)}, {"1", constant(1)}, {"-1", constant(-1)}, {"2", constant(2)}, {"3", constant(3)}, {"65", constant(65)}, {"1000", constant(1000)},
  {"maxint", constant(math.maxinteger)}, {"minint", constant(math.mininteger)},
  {"1.0", constant(1.0)}, {"1.5", constant(1.5)}, {"-0.0", constant(-0.0)}, {"-2.5", constant(-2.5)}, {"2^53", constant(2.0 ^ 53)}, {"2^63", constant(2.0 ^ 63)}, {"inf", constant(1 / 0)}, {"nan", constant(0 / 0)},
  {"''", constant("")}, {"'x'", constant("x")}, {"'10'", constant("10")}, {"'0x10'", constant("0x10")}, {"'1.5'", constant("1.5")}, {"' 3 '", constant(" 3 ")},
  {"'hello world'", constant("hello world")}, {"'%d'", constant("%d")}, {"'(%a+)'", constant("(%a+)")}, {"'%'", constant("%")}, {"'\\0'", constant("\0")}, {"'\\xff'", constant("\xff")}, {"'<i4'", constant("<i4")}, {"'n'", constant("n")}, {"'set'", constant("set")}, {"'count'", constant("count")}, {"'r'", constant("r")},
  {"{}", function() return {} end}, {"{1,2,3}", function() return {1, 2, 3} end}, {"{'b','a'}", function() return {"b", "a"} end}, {"{x=1}", function() return {x = 1} end},
  {"named", function() return setmetatable({}, {__name = "Name", __tostring = function() return "named object" end}) end},
  {"nameonly", function() return setmetatable({}, {__name = "My.Type"}) end},
  {"callable", function() return setmetatable({}, {__call = function(_, ...) return ... end, __index = function(_, k) return k end, __len = function() return 2 end}) end},
  {"print", constant(type)}, {"luaf", function() return function(...) return ... end end}, {"errf", function() return function() error("raised", 0) end end},
  {"co", suspended}, {"deadco", dead}, {"file", new_file}, {"closed", closed_file},
}
local by_label = {}
for _, v in ipairs(values) do by_label[v[1]] = v end

-- Smaller choices, for functions of many parameters.
local function choose(text) local t = {} for label in text:gmatch("%S+") do t[#t + 1] = by_label[label] or error(label) end return t end
local few = choose "nil true 1 -1 1.5 2^63 '' 'x' '10' {} {1,2,3} luaf file"
local several = choose "nil true 0 1 -1 2 maxint minint 1.5 2^53 nan '' 'x' '10' '%d' '(%a+)' {} {1,2,3} named callable print luaf errf co file"
by_label["'hello world'"] = by_label["'hello world'"] or {"'hello world'", constant("hello world")}
-- Two or three of them together pass what their difference or sum can hold.
local bounds = choose "0 1 -1 2 maxint minint 2^53"
for label, value in pairs {["maxint-1"] = math.maxinteger - 1, ["minint+1"] = math.mininteger + 1} do
  bounds[#bounds + 1] = {label, constant(value)}
  by_label[label] = bounds[#bounds]
end
sort(bounds, function(a, b) return a[1] < b[1] end)

-- Printing ---------------------------------------------------------------------------------------------

local function address(text)
  text = gsub(text, "0x%x%x%x%x%x%x+", "ADDRESS")
  return text
end
local function quoted(s)
  if #s > 300 then s = s:sub(1, 300) .. "...(" .. #s .. ")" end
  return "'" .. gsub(gsub(address(s), "[%c\\'\127-\255]", function(c) return format("\\%d", c:byte()) end), "\n", "\\n") .. "'"
end
local show
local function contents(t, depth)
  local keys = {}
  for k in next, t do
    if type(k) ~= "string" and math_type(k) ~= "integer" then return "table of odd keys" end
    keys[#keys + 1] = k
    if #keys > 30 then return "large table" end
  end
  sort(keys, function(a, b) if type(a) == type(b) then return a < b end return type(a) == "number" end)
  local parts = {}
  for i, k in ipairs(keys) do parts[i] = tostring(k) .. "=" .. show(rawget(t, k), depth + 1) end
  return "{" .. concat(parts, " ") .. "}"
end
function show(v, depth)
  local t = type(v)
  if t == "string" then return quoted(v) end
  if t == "number" then
    if v ~= v then return "nan" end
    return math_type(v) == "float" and format("%.17g", v) .. "f" or tostring(v)
  end
  if t == "table" then
    if v == _G or v == package.loaded then return "well-known table" end
    return (depth or 0) < 2 and contents(v, depth or 0) or "table"
  end
  if t == "function" or t == "thread" then return t end
  if t == "userdata" then return io_type(v) or t end
  return tostring(v)
end
local function types_only(r) local t = {} for i = 1, r.n do t[i] = math_type(r[i]) or type(r[i]) end return concat(t, ", ") end
local function results(r, only_types)
  if not r[1] then return "error " .. show(r[2]) end
  local values = {n = r.n - 1}
  for i = 2, r.n do values[i - 1] = r[i] end
  if only_types then return types_only(values) end
  local t = {}
  for i = 1, values.n do
    t[i] = show(values[i])
    if i == 20 then t[i] = "... of " .. values.n break end
  end
  return concat(t, ", ")
end

-- Restoring --------------------------------------------------------------------------------------------

local string_index = getmetatable("").__index
local string_metatable = getmetatable("")
local thread = coroutine.create(function() end)
local saved_globals, saved_loaded = {}, {}
for k, v in pairs(_G) do saved_globals[k] = v end
for k, v in pairs(package.loaded) do saved_loaded[k] = v end
local default_output

local function before()
  default_output = io_open("output.txt", "w")
  io.output(default_output)
end
local function after()
  sethook()
  set_metatable("", string_metatable)
  string_metatable.__index = string_index
  for _, v in ipairs {1, true, print, thread} do set_metatable(v, nil) end
  set_metatable(nil, nil)
  for k in pairs(_G) do if saved_globals[k] == nil then _G[k] = nil end end
  for k, v in pairs(saved_globals) do if _G[k] ~= v then _G[k] = v end end
  for k in pairs(package.loaded) do if saved_loaded[k] == nil then package.loaded[k] = nil end end
  io.input(io.stdin)
  io.output(out)
  if io_type(default_output) == "file" then default_output:close() end
  for i = #open_files, 1, -1 do
    if io_type(open_files[i]) == "file" then open_files[i]:close() end
    open_files[i] = nil
  end
  collect("restart")
  setlocale("C")
end

-- Calls ------------------------------------------------------------------------------------------------

local function call(entry, form, caller, chosen)
  local labels, args = {}, {n = #chosen}
  for i, v in ipairs(chosen) do labels[i] = v[1] end
  if entry.skip and entry.skip(labels) then return end
  before()
  for i, v in ipairs(chosen) do args[i] = v[2]() end
  local r = pack(pcall(caller, unpack(args, 1, args.n)))
  after()
  out:write(entry.name, " ", form, "(", concat(labels, ", "), ") => ", address(results(r, entry.types)), "\n")
end

local function callers(entry)
  local forms = {{"direct", entry.f}}
  if entry.path then
    forms[#forms + 1] = {"named", load("local pack, unpack = ... return function(...) local r = pack(" .. entry.path .. "(...)) return unpack(r, 1, r.n) end", "=call")(pack, unpack)}
  end
  if entry.method then
    forms[#forms + 1] = {"method", load("local pack, unpack, select = ... return function(...) local s = ... local r = pack(s:" .. entry.method .. "(select(2, ...))) return unpack(r, 1, r.n) end", "=call")(pack, unpack, select)}
  end
  return forms
end

-- Every combination of `choices` in the parameters from `at` on.
local function product(entry, form, caller, choices, chosen, at, last)
  if at > last then return call(entry, form, caller, chosen) end
  for _, v in ipairs(choices) do
    chosen[at] = v
    product(entry, form, caller, choices, chosen, at + 1, last)
  end
  chosen[at] = nil
end

-- One argument at a time replaced in a call that is right; all shorter calls; one and two more arguments; bounds in all
-- of the last two and three together.
local function variations(entry, form, caller, right)
  for n = 0, #right do call(entry, form, caller, {unpack(right, 1, n)}) end
  local longer = {unpack(right)}
  for _, extra in ipairs {"nil", "{}"} do longer[#longer + 1] = by_label[extra] call(entry, form, caller, longer) end
  for i = 1, #right + 1 do
    for _, v in ipairs(values) do
      local changed = {unpack(right)}
      changed[i] = v
      call(entry, form, caller, changed)
    end
  end
  for from = max(2, #right - 2), #right - 1 do
    product(entry, form, caller, bounds, {unpack(right)}, from, #right)
  end
end

local function exercise(entry)
  for _, f in ipairs(callers(entry)) do
    local form, caller = f[1], f[2]
    for _, right in ipairs(entry.right or {}) do variations(entry, form, caller, right) end
    if not entry.only_right then
      call(entry, form, caller, {})
      product(entry, form, caller, values, {}, 1, 1)
      if form ~= "direct" or not entry.path then
        product(entry, form, caller, several, {}, 1, 2)
        if entry.three then product(entry, form, caller, few, {}, 1, 3) end
      end
    end
  end
end

-- Functions --------------------------------------------------------------------------------------------

local function literal(text)
  local v = by_label[text]
  if v then return v end
  local make = assert(load("return " .. text))
  return {text, make}
end
-- Calls that are right, as text: arguments separated by ` ; `.
local function right(...)
  local list = {}
  for i, line in ipairs {...} do
    list[i] = {}
    for argument in (line .. " ; "):gmatch("(.-) ; ") do list[i][#list[i] + 1] = literal(argument) end
  end
  return list
end
local function numeric(label) local v = by_label[label] and by_label[label][2]() return tonumber(v) end
-- Ranges that would keep any interpreter busy for years.
local function endless_rep(l)
  local n = numeric(l[2])
  return n and n > 1e6 and l[1] == "''" and (l[3] == nil or l[3] == "nil" or l[3] == "''")
end
local function endless_move(l)
  local f, e = numeric(l[2]), numeric(l[3])
  return f and e and e - f > 1e6
end
local function no_commands(l)
  for _, a in ipairs(l) do if type(by_label[a] and by_label[a][2]()) == "string" or type(by_label[a] and by_label[a][2]()) == "number" then return true end end
end
local function only_bad_exit(l)
  local first = l[1]
  return not (first == "{}" or first == "{1,2,3}" or first == "'x'" or first == "1.5" or first == "luaf" or first == "print" or first == "co" or first == "file" or first == "named" or first == "nameonly" or first == "nan" or first == "inf" or first == "2^63" or first == "'%d'" or first == "''")
end

-- A hook that raises would end this program.
local function no_hooks(l)
  for _, a in ipairs(l) do if a == "errf" then return true end end
end

local groups, order = {}, {}
local function add(group, name, options)
  options = options or {}
  if not groups[group] then groups[group] = {} order[#order + 1] = group end
  local list = groups[group]
  options.name = name
  list[#list + 1] = options
  return options
end
local function library(lib, list)
  for name, options in list:gmatch("(%S+)%s*(%b[])") do
    local e = add(lib, lib == "base" and name or lib .. "." .. name, load("return {" .. options:sub(2, -2) .. "}", "=options", "t", {R = right, endless_rep = endless_rep, endless_move = endless_move, no_commands = no_commands, only_bad_exit = only_bad_exit, no_hooks = no_hooks})())
    e.path = e.name
    e.f = lib == "base" and _G[name] or _G[lib][name]
    if lib == "string" and name ~= "char" then e.method = name end
  end
end

library("base", [==[
assert [] collectgarbage [types = true, only_right = true, right = R("'isrunning'", "'setpause' ; 200", "'setstepmul' ; 200", "'incremental'", "'step' ; 0", "'stop'")]
dofile [right = R("'absent.lua'")] error [right = R("'message' ; 1")] getmetatable [] ipairs [] load [three = true, right = R("'return 1' ; 'name' ; 't' ; {}")]
loadfile [right = R("'absent.lua' ; 't' ; {}")] next [] pairs [] pcall [] print [] rawequal [] rawget [] rawlen [] rawset [three = true] require [] select [three = true, right = R("2 ; 'a' ; 'b'", "'#' ; 1", "-1 ; 'a'")]
setmetatable [] tonumber [right = R("'10' ; 2", "'zz' ; 36", "'7' ; 10")] tostring [] type [] xpcall [three = true]
]==])
library("coroutine", [==[ create [] isyieldable [] resume [] running [] status [] wrap [] yield [] ]==])
library("package", [==[ searchpath [three = true, right = R("'a.b' ; './?.lua;?/x' ; '.' ; '/'")] loadlib [right = R("'absent.so' ; '*'")] ]==])
library("string", [==[
byte [three = true, right = R("'hello' ; 2 ; 4")] char [right = R("72 ; 105")] dump [types = true] find [three = true, right = R("'hello world' ; 'o w' ; 1 ; true", "'hello' ; '(l)(l)' ; -3")]
format [three = true, right = R("'%d' ; 42", "'%5.2f' ; 1.5", "'%s' ; 'x'", "'%q' ; 'x'", "'%x' ; 255", "'%c' ; 65", "'%g' ; 1e20", "'%a' ; 1", "'%i' ; 3", "'%-10s|' ; 'x'", "'%10.4s|' ; 'x'", "'%+d' ; 1", "'%e' ; 2.5", "'%o' ; 8", "'%s %s' ; 1 ; 2")]
gmatch [] gsub [three = true, right = R("'hello' ; 'l' ; 'L' ; 1", "'hello' ; '(l)' ; {} ; 2", "'hello' ; '.' ; '%0%0'")] len [] lower [] match [three = true, right = R("'hello' ; '(h)(e)' ; 1")]
pack [three = true, right = R("'<i4' ; 1", "'z' ; 'x'", "'s1' ; 'x'", "'d' ; 1.5", "'b' ; 1", "'B' ; 1", "'c3' ; 'abc'", "'i16' ; -1", "'j' ; 1", "'f' ; 1")] packsize [right = R("'<i4i8'", "'!8 i1 d'")]
rep [three = true, skip = endless_rep, right = R("'ab' ; 3 ; ','")] reverse [] sub [three = true, right = R("'hello' ; 2 ; -2")] unpack [three = true, right = R("'<i4' ; '\\1\\0\\0\\0' ; 1", "'z' ; 'a\\0b'", "'s1' ; '\\1a'")] upper []
]==])
library("utf8", [==[ char [right = R("72 ; 8364")] codepoint [three = true, right = R("'h\\u{20AC}x' ; 1 ; -1")] codes [] len [three = true, right = R("'h\\u{20AC}x' ; 1 ; -1")] offset [three = true, right = R("'h\\u{20AC}x' ; 2 ; 1")] ]==])
library("table", [==[
concat [three = true, right = R("{1,2,3} ; ',' ; 1 ; 3")] insert [three = true, right = R("{1,2,3} ; 2 ; 'x'")] move [three = true, skip = endless_move, right = R("{1,2,3} ; 1 ; 3 ; 2 ; {}")] pack [] remove [right = R("{1,2,3} ; 2")] sort [right = R("{3,1,2} ; function(a, b) return a > b end")] unpack [three = true, right = R("{1,2,3} ; 1 ; 3")]
]==])
library("math", [==[
abs [] acos [] asin [] atan [right = R("1 ; 2")] ceil [] cos [] deg [] exp [] floor [] fmod [right = R("7 ; 3")] log [right = R("8 ; 2")] max [three = true] min [three = true] modf [] rad [] random [types = true, three = true] randomseed [types = true] sin [] sqrt [] tan [] tointeger [] type [] ult []
]==])
library("io", [==[
close [] flush [] input [] lines [right = R("'scratch.txt' ; 'l'", "'scratch.txt' ; 'n' ; 2")] open [right = R("'scratch.txt' ; 'r'", "'scratch.txt' ; 'w'", "'absent/x' ; 'w'")] output [] popen [skip = no_commands, right = R("'exit 3' ; 'r'")] read [] tmpfile [] type [] write []
]==])
library("os", [==[
clock [types = true] date [right = R("'!%Y-%m-%d %H:%M:%S' ; 1000000000", "'!*t' ; 0"), skip = function(l) return #l < 2 or l[2] == "nil" end] difftime [] execute [skip = no_commands] exit [skip = only_bad_exit] getenv [] remove [right = R("'absent'")] rename [right = R("'absent' ; 'absent2'")] setlocale [right = R("'C' ; 'all'")] time [right = R("{year=2000,month=1,day=1,hour=12}"), skip = function(l) return l[1] == nil or l[1] == "nil" end] tmpname [types = true]
]==])
library("debug", [==[
gethook [] getinfo [right = R("print ; 'S'", "luaf ; 'u'", "1 ; 'l'")] getlocal [three = true, right = R("luaf ; 1")] getmetatable [] getregistry [types = true] getupvalue [right = R("luaf ; 1")] getuservalue [] sethook [three = true, skip = no_hooks, right = R("print ; 'l' ; 5")] setlocal [three = true] setmetatable [right = R("{} ; {}")] setupvalue [three = true] setuservalue [three = true] traceback [three = true] upvalueid [types = true] upvaluejoin []
]==])
-- The files' own methods, called with a fresh file.
for name, calls in pairs {
  close = {}, flush = {}, lines = {"file ; 'l'", "file ; 'n' ; 2"}, read = {"file ; 'l'", "file ; 'n'", "file ; 'a'", "file ; 5 ; 'L'", "file ; '*l' ; '*n'"},
  seek = {"file ; 'set' ; 3", "file ; 'end' ; -1"}, setvbuf = {"file ; 'full' ; 100", "file ; 'no'"}, write = {"file ; 'x' ; 1"},
} do
  add("file", "file:" .. name, {f = io.stdout[name], method = name, right = right(unpack(calls))})
end
sort(groups.file, function(a, b) return a.name < b.name end)

local wanted = ...
if not wanted then print(concat(order, "\n")) return end
for _, entry in ipairs(groups[wanted] or error("no group " .. tostring(wanted))) do exercise(entry) end
os.remove("scratch.txt")
os.remove("output.txt")
