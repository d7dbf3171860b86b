-- Calls, futures, executors and contexts: spec of calls, row by row.
local rows = require("rows")
local eq, fails = rows.eq, rows.fails
local F = "suite.funcs:"

local list = {
    {"call", function() eq(funcs.call(F .. "add", 2, 3), 5) end},
    {"only first value", function() assert(select("#", funcs.call(F .. "two")) <= 2 and (funcs.call(F .. "two")) == 1); local _, e = funcs.call(F .. "two"); eq(e, nil) end},
    {"string second = failure", function() local v, e = funcs.call(F .. "fails_string"); assert(v == nil and e:message() == "no") end},
    {"nothing", function() local v, e = funcs.call(F .. "nothing"); assert(v == nil and e == nil) end},
    {"bad ids", function() for id, m in pairs{[""] = "function ID required", x = "namespace required in function ID", [":x"] = "namespace required in function ID", ["a:"] = "name required in function ID"} do eq(fails(errors.INVALID, funcs.call(id)):message(), m); eq(fails(errors.INVALID, funcs.async(id)):message(), m) end; assert(not pcall(funcs.call, {})); assert(not pcall(funcs.call)) end},
    {"unknown", function() local _, e = funcs.call("no:pe"); assert(errors.is(e, errors.NOT_FOUND) and e:details().target == "no:pe"); fails(errors.NOT_FOUND, funcs.async("no:pe")) end},
    {"not a function", function() fails(errors.NOT_FOUND, funcs.call("suite:processes")) end},
    {"copy", function() local t = {}; funcs.call(F .. "mutate", t); assert(next(t) == nil); local u = {}; u.u = u; local v = funcs.call(F .. "identity", u); assert(v ~= u and v.u == v) end},
    {"subtypes", function() eq(math.type(funcs.call(F .. "identity", 1.0)), "float"); eq(math.type(funcs.call(F .. "identity", 1)), "integer"); eq(funcs.call(F .. "identity", "\0\255"), "\0\255") end},
    {"own pid", function() local w = funcs.call(F .. "whoami"); assert(w.id == F .. "whoami" and w.pid:find("^{suite.funcs:whoami") and w.pid ~= process.pid(), w.pid) end},
    {"own inbox", function() local l = process.listen("ready"); local f = funcs.async(F .. "receives", process.pid()); process.send(l:receive(), "x", 9); local p = f:channel():receive(); eq(p:data(), 9) end},
    {"callee inherits ctx", function() eq(funcs.new():with_context({k = 1}):call(F .. "ctx"), 1); eq(funcs.new():with_context({k = {1, 2}}):call(F .. "ctx_nested")[2], 2); eq(funcs.new():with_context({k = false}):call(F .. "ctx"), false) end},
    {"contexts merge", function() local e = funcs.new():with_context({a = 1, k = 1}):with_context({k = 2}); eq(e:call(F .. "ctx", "a"), 1); eq(e:call(F .. "ctx", "k"), 2) end},
    {"executor immutable", function() local e = funcs.new(); e:with_context({k = 1}); assert(e:call(F .. "ctx") == nil) end},
    {"executor misuse", function() local e = funcs.new(); assert(not pcall(e.with_context, e, 1)); local ok, m = pcall(e.with_actor, e, nil); assert(not ok and tostring(m):find("actor cannot be nil")); ok, m = pcall(e.with_scope, e, nil); assert(not ok and tostring(m):find("scope cannot be nil")) end},
    {"async payload", function() local f = funcs.async(F .. "add", 1, 1); local p, ok = f:channel():receive(); assert(ok and p:data() == 2 and f:channel() == f:response() and f:is_complete()); local r, e = f:result(); assert(r:data() == 2 and e == nil); local er, failed = f:error(); assert(er == nil and failed == false) end},
    {"async nothing", function() local f = funcs.async(F .. "nothing"); local p, ok = f:channel():receive(); assert(ok and p:data() == nil) end},
    {"async then closed", function() local f = funcs.async(F .. "add", 1, 1); f:channel():receive(); assert(select(2, f:channel():receive()) == false) end},
    {"async failure", function() local f = funcs.async(F .. "boom"); local v, ok = f:channel():receive(); assert(ok and v:message():find("boom") and select(2, f:error())); local r, e = f:result(); assert(r == nil and e:message():find("boom")); eq((f:error()):kind(), errors.INTERNAL) end},
    {"async parallel", function() local l = process.listen("here"); local f, g = funcs.async(F .. "meets", process.pid()), funcs.async(F .. "meets", process.pid()); local a, b = l:receive(), l:receive(); process.send(b, "go", 2); process.send(a, "go", 1); eq(f:channel():receive():data() + g:channel():receive():data(), 3); process.unlisten(l) end},
    {"pending result", function() local f = funcs.async(F .. "sleep", "1h"); local a, b = f:result(); assert(a == nil and b == nil and not f:is_complete() and not f:is_canceled()); f:cancel() end},
    {"completes without receive", function() local f = funcs.async(F .. "add", 1, 2); for _ = 1, 20000 do if f:is_complete() then break end time.sleep("1ms") end; assert(f:is_complete()); eq(f:result():data(), 3) end},
    {"cancel", function() local f = funcs.async(F .. "sleep", "1h"); local ok, e = f:cancel(); assert(ok == true and e == nil); eq(f:cancel(), true); assert(f:is_canceled() and f:is_complete() and select(2, f:channel():receive()) == false); fails(errors.CANCELED, f:result()); eq(select(2, f:result()):message(), "canceled") end},
    {"cancel reaches the callee", function() local l, begun = process.listen("cancelled"), process.listen("begun"); local f = funcs.async(F .. "cancelled", process.pid()); begun:receive(); f:cancel(); local t = time.after("20s"); eq(channel.select{l:case_receive(), t:case_receive()}.value, "pid.cancel") end},
    {"end of the caller cancels the callee", function() local l, begun = process.listen("cancelled"), process.listen("begun"); local p = assert(process.spawn("suite.funcs:caller", "suite:processes", process.pid())); begun:receive(); process.terminate(p); local t = time.after("20s"); eq(channel.select{l:case_receive(), t:case_receive()}.value, "pid.cancel") end},
    {"timeout", function()
        local e = fails(errors.TIMEOUT, funcs.new():with_options({timeout = 20}):call(F .. "sleep", "1h")); eq(e:retryable(), true); fails(errors.TIMEOUT, funcs.new():with_options({timeout = "20ms"}):call(F .. "sleep", "1h"))
        local f = funcs.new():with_options({timeout = 20}):async(F .. "sleep", "1h"); local v = f:channel():receive(); eq(v:kind(), errors.TIMEOUT); eq(funcs.new():with_options({timeout = "30s"}):call(F .. "add", 1, 1), 2)
    end},
    {"options replace", function() eq(funcs.new():with_options({timeout = 1}):with_options({}):call(F .. "sleep", "5ms"), "slept") end},
    {"no retry of internal errors", function() fails(errors.INTERNAL, funcs.new():with_options({retry = {max_attempts = 3, initial_delay = 1}}):call(F .. "boom")) end},
    {"state of one worker", function() local a = funcs.call(F .. "counter"); eq(funcs.call(F .. "counter"), a + 1) end},
    {"pools", function() eq(funcs.call(F .. "inline", 4), 8); eq(funcs.call(F .. "lazy", 4), 8); local fs = {}; for i = 1, 50 do fs[i] = funcs.async(F .. "adaptive", i) end; for i = 1, 50 do eq(fs[i]:channel():receive():data(), i * 2) end end},
    {"function as the chunk's value", function() eq(funcs.call(F .. "direct", "x"), "x!") end},
    {"library", function() eq(funcs.call(F .. "uses_library", 4), 8) end},
    {"recursion", function() eq(funcs.call(F .. "recursive", 15), 15) end},
    {"upgrade in a function", function() fails(errors.INVALID, funcs.call(F .. "upgrades")) end},
    {"ctx", function() fails(errors.NOT_FOUND, ctx.get("nope")); eq(select(2, ctx.get("nope")):message(), "key not found: nope"); eq(fails(errors.INVALID, ctx.get("")):message(), "empty key"); assert(not pcall(ctx.get, {})); eq(next((ctx.all())), nil) end},
    {"call from nested coroutines", function() local g = coroutine.wrap(function() coroutine.yield(funcs.call(F .. "add", 1, 2)) end); eq(g(), 3); local n = 0; for i = 1, 20 do coroutine.spawn(function() local v = funcs.call(F .. "add", i, 0); n = n + v end) end; for _ = 1, 20000 do if n == 210 then break end time.sleep("1ms") end; eq(n, 210) end},
}

return {run = function() return rows.run(list) end}
