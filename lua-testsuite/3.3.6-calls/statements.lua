-- Lua 5.3 manual, section 3.3.6: only calls can be expression statements.
local log = {}
local function f(...) log[#log + 1] = select("#", ...) return f end
f() f(1) f "x" f {} f(1)(2, 3) f "a" "b" {}
local o = {m = function(self, ...) log[#log + 1] = "m" .. select("#", ...) return self end}
o:m() o:m(1):m(1, 2) o:m "s" o:m {}
print(table.concat(log, " "))
for _, s in ipairs {"1", "x", "x + 1", "'a'", "{}", "f() + 1", "function() end", "(f)", "f.x", "f():x", "not f()", "#t", "a:b", "f(", "f(1,", "f(,1)"} do print(s, load(s, "=s")) end

