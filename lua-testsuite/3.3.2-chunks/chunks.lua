-- Lua 5.3 manual, section 3.3.2: a chunk is a vararg function; it can return values and has locals.
print(select("#", ...))
local f = load("local a, b = ...; return select('#', ...), a, b")
print(f(), f(1), f(1, 2, 3))
print((load("return ...")(7)))
print(load("")(), select("#", load("")()))
print(load("return", "=e")())
print(load("local x = 1 return x + 1")())
print(load(string.dump(load("return ... + 1")))(41))
print(load(function() return nil end)())
local parts = {"return ", "1 +", " 2", nil}
local i = 0
print(load(function() i = i + 1; return parts[i] end)())
i = 0
print(load(function() i = i + 1; return ({"ret", "urn 5", ""})[i] end)())

-- What one chunk declares is forgotten in the next, however many names it has.
local names = {}
for n = 1, 3000 do names[n] = "local_" .. n % 150 .. " = " .. "global_" .. n end
print(load(table.concat(names, "\n")) ~= nil)
print(load("local C = {} function C:me(...) return self == C, ... end return C:me(1)")())
