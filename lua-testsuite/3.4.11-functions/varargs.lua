-- Lua 5.3 manual, section 3.4.11: adjusting of multiple results in every position.
local function f(...) return ... end
local t = {f(1, 2), f(3, 4)} print(#t) local a, b, c = f(1, 2), f(3) print(a, b, c) a, b = (f(1, 2)) print(a, b)
print(f(1, 2), f(3, 4)) print(f(1, 2) + f(10, 20), -f(5, 6), not f(nil), f("x", "y") .. "z", #f("abc", "d"))
print((f())) print(f(), f()) print(({f()})[1], select("#", f(nil, nil)), select("#", (f())))
if f(nil, true) then print("wrong") else print("first only") end
for i = f(1, 99), f(3, 99), (f(1, 1)) do io.write(i, " ") end print()
local function g(...) local x, y = ... local z = {..., n = "last"} return x, y, z[1], z[2], z.n, (...), select(2, ...) end print(g("p", "q", "r"))
print(select("#", table.unpack({}, 1, 50)), select(-2, f(1, 2, 3)), pcall(select, 0)) print(pcall(select, -5, 1))
local function many(...) return select("#", ...) end print(many(table.unpack({}, 1, 250)), many(f(table.unpack({}, 1, 1000))))
print(table.pack(f()).n, table.pack(f(nil)).n, table.pack(1, nil, nil).n)
local co = coroutine.wrap(function(...) return f(...) end) print(co(1, nil, 3))
print(string.format("%s %s %s", f(1, 2, 3)), math.max(f(4, 9, 2)), (("x"):rep(f(3, "-"))))

