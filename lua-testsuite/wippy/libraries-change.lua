-- Libraries are shared between interpreters until one changes them; a program cannot tell.
local name = tostring(string)
local order = {}
for key in pairs(string) do order[#order + 1] = key end
local seen, at = {[string] = "string"}, 0
for key in pairs(string) do
  at = at + 1
  assert(order[at] == key)
  if at == 3 then string.upper = string.upper end
end
assert(at == #order and tostring(string) == name and seen[string] == "string")

string.trim = function(s) return (s:gsub("^%s+", ""):gsub("%s+$", "")) end
assert(("  a b "):trim() == "a b" and getmetatable("").__index == string)
getmetatable("").__add = function(a, b) return a .. b end
assert("x" + "y" == "xy")

assert(_G._G == _G and package.loaded._G == _G and package.loaded.string == string and require "string" == string)
setmetatable(math, {__index = function(_, key) return key .. "!" end})
assert(math.foo == "foo!" and math.floor(1.5) == 1)
rawset(os, 1, "one")
rawset(os, 2, "two")
assert(#os == 2 and os[1] == "one" and type(os.time) == "function" and rawlen(os) == 2)
table.insert(table, "z")
assert(table[1] == "z" and table.concat(table, ",") == "z")

_G[1] = 5
assert(_G[1] == 5 and package.loaded.coroutine == coroutine and io.type(io.stdout) == "file")
local write = print
print = nil
assert(print == nil and _G.print == nil)
for key in pairs(_G) do assert(key ~= "print") end
string.format = nil
assert(string.format == nil and not pcall(function() return ("x"):format() end))
collectgarbage()
collectgarbage()
assert(string.trim and math.foo == "foo!" and os[2] == "two" and table[1] == "z")

math.randomseed(42)
local first = math.random(100)
math.randomseed(42)
assert(first == math.random(100))
local registry = debug.getregistry()
assert(type(registry[1]) == "thread" and registry[2] == _G and registry._LOADED == package.loaded)
for _, searcher in ipairs(package.searchers) do assert(type(searcher) == "function") end
write("ok")
