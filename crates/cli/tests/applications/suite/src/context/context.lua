-- Values that calls and processes inherit: spec of contexts, row by row.
local rows = require("rows")
local eq, fails = rows.eq, rows.fails
local C = "suite.context:"

local list = {
    {"none", function() local all, e = ctx.all(); assert(next(all) == nil and e == nil); fails(errors.NOT_FOUND, ctx.get("x")) end},
    {"all", function() local v = funcs.new():with_context({a = 1, b = {c = {true}}, f = false, z = 0, s = "", d = 1.5}):call(C .. "all"); assert(v.a == 1 and v.b.c[1] == true and v.f == false and v.z == 0 and v.s == "" and v.d == 1.5) end},
    {"merge over inherited", function() local v = funcs.new():with_context({a = 1, b = 1}):call(C .. "relay", {b = 2, c = 3}); assert(v.a == 1 and v.b == 2 and v.c == 3) end},
    {"call to spawn to call", function() local v = funcs.new():with_context({k = "deep"}):call(C .. "spawner", "k"); assert(v[1] == "deep" and v[2] == "deep") end},
    {"async", function() eq(funcs.new():with_context({k = 9}):call(C .. "async", "k"), 9); local f = funcs.new():with_context({k = 8}):async(C .. "get", "k"); eq(f:channel():receive():data(), 8) end},
    {"a callee changes nothing", function() local v = funcs.new():with_context({t = {x = "first"}, k = 1}):call(C .. "changes"); eq(v[1], "first"); eq(v[2], 1) end},
    {"missing key is an error of the callee", function() local _, e = funcs.new():with_context({a = 1}):call(C .. "get", "nope"); eq(e:kind(), errors.NOT_FOUND); eq(e:message(), "key not found: nope") end},
    {"what is no data", function() local v = funcs.new():with_context({f = print, ch = channel.new()}):call(C .. "all"); assert(type(v.f) == "string" or v.f == nil) end},
    {"processes", function() local v = process.with_context({k = "p"}):exec(C .. "child", "suite:processes", "k"); assert(v[1] == "p" and v[2] == "p"); assert(process.exec(C .. "child", "suite:processes", "k")[1] == nil) end},
    {"keys", function() assert(not pcall(ctx.get)); fails(errors.INVALID, ctx.get("")); local ok = pcall(process.with_context, {[1] = "x"}); assert(not ok) end},
}

return {run = function() return rows.run(list) end}
