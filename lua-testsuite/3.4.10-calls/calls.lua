-- Lua 5.3 manual, section 3.4.10: arguments are evaluated left to right before the call; methods pass self.
local function va(...) return select("#", ...), ... end
print(va()) print(va(nil)) print(va(nil, nil)) print(va(va())) print(va(va(), va())) print((va(1, 2))) print(va((va(1, 2))))
local o = {v = 5} function o:m(a, b) return self.v, a, b end function o.s(a, b) return a, b end
print(o:m(1), o.m(o, 1, 2)) print(o.s(1)) print(o:m "s") print(o:m {1} ~= nil) print(o["m"](o, "br"))
local nested = {a = {b = {}}} function nested.a.b:c(x) return self == nested.a.b, x end function nested.a.b.d(x) return x end print(nested.a.b:c(3), nested.a.b.d(4))
local order = {} local function n(i) order[#order + 1] = i return i end
local function take() end take(n(1), n(2), n(3)); (function(...) end)(n(4), (n(5)), n(6)) print(table.concat(order, " "))
print(("%d"):format(3), #("x"):rep(4), ({f = function() return "f" end}).f(), (function() return "anon" end)())
print(math.max(table.unpack {3, 9, 2}), string.format("%s %s", table.unpack {"a", "b"}), select(-1, table.unpack {1, 2, 3}))
local function missing(a, b, c) return a, b, c end print(missing(1)) print(missing(1, 2, 3, 4)) print(select("#", missing()))
print(pcall(string.format)) print(pcall(load "local x <close> = 1" or print, "no attribs"))

