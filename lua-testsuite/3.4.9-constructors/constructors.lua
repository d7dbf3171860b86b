-- Lua 5.3 manual, section 3.4.9: positional, named and computed fields, in order; the last call expands.
local function f() return 1, 2, 3 end
local t = {f(), f()} print(#t, t[1], t[2], t[4])
t = {f(), (f())} print(#t) t = {f(), nil} print(#t) t = {(f())} print(#t) t = {[1] = "a", "b"} print(t[1]) t = {"x", [2] = "y", "z"; n = 3, } print(t[1], t[2], t.n)
t = {[f()] = 1, [2 + 3] = "five", ["a b"] = 4, x = {y = {z = 5}}} print(t[1], t[5], t["a b"], t.x.y.z)
local function v(...) return {...}, {..., "end"}, {n = select("#", ...), ...} end
local a, b, c = v(7, 8, 9) print(#a, #b, b[1], b[2], c.n, #c) a = v() print(#a)
t = {1, 2, 3, k = "v", 4, 5; 6} print(#t, t.k, t[6])
t = {function() return "called" end, {}, "s", 1.5, true, nil, 7} print(t[1](), #t[2], t[7])
local src = {} for i = 1, 300 do src[i] = i end
t = load("return {" .. table.concat(src, ",") .. "}")() print(#t, t[1], t[51], t[300])
t = load("return {" .. table.concat(src, ",") .. ", ...}")("a", "b") print(#t, t[301], t[302])
print(pcall(load("return {[nil] = 1}"))) print(pcall(load("return {[0/0] = 1}"))) print(load("return {1, 2", "=c")) print(load("return {a = }", "=c")) print(load("return {[1] 2}", "=c")) print(load("return {1 2}", "=c")) print(load("return {,}", "=c"))
local order = {} local function o(n) order[#order + 1] = n return n end
t = {[o(1)] = o(2), o(3), x = o(4), [o(5)] = o(6)} print(table.concat(order, " "))

