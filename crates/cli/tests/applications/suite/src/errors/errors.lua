-- Error objects, how they are raised, and how they cross borders: spec of errors, row by row.
local rows = require("rows")
local eq = rows.eq

local list = {
    {"constants", function()
        for name, value in pairs{UNKNOWN = "", NOT_FOUND = "NotFound", ALREADY_EXISTS = "AlreadyExists", INVALID = "Invalid", PERMISSION_DENIED = "PermissionDenied", UNAVAILABLE = "Unavailable", INTERNAL = "Internal", CANCELED = "Canceled", CONFLICT = "Conflict", TIMEOUT = "Timeout", RATE_LIMITED = "RateLimited"} do eq(errors[name], value) end
    end},
    {"read-only table", function() assert(not pcall(function() errors.new = 1 end)) end},
    {"require", function() assert(require("errors") == errors) end},
    {"new string", function() local e = errors.new("m"); assert(e:message() == "m" and e:kind() == "" and e:retryable() == nil and e:details() == nil) end},
    {"new ignores second", function() assert(errors.new("A", "b"):message() == "A") end},
    {"new table", function() local e = errors.new{message = "m", kind = errors.INVALID, retryable = true, details = {a = 1}}; assert(e:kind() == "Invalid" and e:retryable() and e:details().a == 1); eq(errors.new{message = "m", retryable = false}:retryable(), false); eq(errors.new{message = "m", kind = "Own"}:kind(), "Own") end},
    {"new misuse raises", function()
        assert(not pcall(errors.new, {kind = "x"}) and not pcall(errors.new))
        local _, e = pcall(errors.new, {}); assert(tostring(e):find("bad argument #1 to 'new' (message field is required)", 1, true), tostring(e))
        _, e = pcall(errors.new, {message = {}}); assert(tostring(e):find("message must be a string", 1, true), tostring(e))
        _, e = pcall(errors.new, true); assert(tostring(e):find("string or table expected, got boolean", 1, true), tostring(e))
        eq(errors.new(12):message(), "12")
    end},
    {"details copy", function() local d = {a = 1}; local e = errors.new{message = "m", details = d}; d.a = 9; e:details().a = 2; assert(e:details().a == 1) end},
    {"details array", function() assert(#errors.new{message = "m", details = {1, 2}}:details() == 2) end},
    {"details of other things", function() local d = errors.new{message = "m", details = {f = print, n = {m = {1}}}}:details(); eq(type(d.f), "string"); eq(d.n.m[1], 1) end},
    {"empty details", function() assert(errors.new{message = "m", details = {}}:details() == nil) end},
    {"type", function() assert(type(errors.new("m")) == "userdata") end},
    {"tostring, concat", function() local e = errors.new("m"); assert(tostring(e) == "m" and "a" .. e .. "b" == "amb" and 1 .. e == "1m" and e .. e == "mm"); eq(e .. nil, "mnil"); eq(e .. true, "mtrue") end},
    {"used as string", function() local e = errors.new("abc"); assert(string.find(e, "b") == 2); eq(table.concat{"x", e}, "xabc"); eq(string.format("%s!", e), "abc!"); eq(json.encode{e = e}, '{"e":"abc"}') end},
    {"equality", function() local e = errors.new("m"); assert(e == e and e ~= errors.new("m") and e ~= "m"); assert(not pcall(function() return e < e end)); assert(not pcall(function() return #e end)); local _, m = pcall(function() return e + 1 end); assert(m:find("attempt to perform arithmetic on a userdata value (upvalue 'e')", 1, true), m) end},
    {"immutable", function() local e = errors.new("m"); assert(not pcall(function() e.x = 1 end)); eq(e.nothing, nil); local _, m = pcall(e.kind); assert(tostring(m):find("error expected"), tostring(m)) end},
    {"wrap", function() local w = errors.wrap(errors.new{message = "m", kind = errors.TIMEOUT, retryable = true, details = {a = 1}}, "c"); assert(w:message() == "m" and w:kind() == errors.TIMEOUT and w:retryable() == true and w:details().a == 1); eq(tostring(w), "m") end},
    {"wrap twice", function() assert(errors.wrap(errors.wrap("m", "a"), "b"):message() == "a: m"); eq(errors.wrap("m", "a"):kind(), ""); eq(errors.wrap("m", errors.new("ctx")):message(), "m") end},
    {"wrap context in stack", function() assert(errors.wrap("m", "ctx"):stack():find("ctx")); local s = errors.wrap(errors.wrap("m", "first"), "second"):stack(); assert(s:find("second") < s:find("first")) end},
    {"wrap misuse", function() assert(not pcall(errors.wrap, nil, "c")); local _, e = pcall(errors.wrap, nil, "c"); assert(tostring(e):find("string or error object expected"), tostring(e)); assert(not pcall(errors.wrap, "m")) end},
    {"is", function() assert(errors.is(errors.new{message = "m", kind = "X"}, "X") and not errors.is(nil, "X") and not errors.is("X", "X") and not errors.is({}, "X")); eq(errors.is(errors.new("m"), errors.UNKNOWN), true) end},
    {"call_stack", function() local s = errors.call_stack(errors.new("m")); assert(s.frames[1].line > 0 or s.frames[2].line > 0); assert(errors.call_stack("x") == nil); eq(type(s.thread), "string"); for _, f in ipairs(s.frames) do eq(type(f.source), "string"); eq(math.type(f.line), "integer"); eq(type(f.name), "string"); assert(({["function"] = 1, main = 1, builtin = 1})[f.type], f.type); eq(math.type(f.level), "integer") end end},
    {"stack", function() local st = errors.new("m"):stack(); eq(type(st), "string"); assert(st:find("suite.errors:errors:%d+"), st) end},
    {"error keeps object", function() local e = errors.new("m"); local _, c = pcall(error, e); assert(c == e); local _, d = xpcall(error, function(x) return x end, e); assert(d == e) end},
    {"position prefix", function() local _, e = pcall(function() error("x") end); assert(e:match("^suite.errors:errors:%d+: x$"), e); _, e = pcall(error, "x", 0); eq(e, "x") end},
    {"VM fault is a string", function() local _, e = pcall(function() local t; return t.x end); assert(type(e) == "string" and e:find("attempt to index a nil value (local 't')", 1, true), e) end},
    {"assert with object", function() local e = errors.new("m"); local _, c = pcall(assert, nil, e); assert(c == e); local _, d = pcall(function() local x = assert(funcs.call("suite.errors:notfound")) end); eq(d:kind(), errors.NOT_FOUND) end},
    {"through coroutine", function() local e = errors.new("m"); local _, c = coroutine.resume(coroutine.create(function() error(e) end)); assert(c == e); local w = coroutine.wrap(function() error(e) end); _, c = pcall(w); assert(c == e) end},
    {"across call, object", function() local v, e = funcs.call("suite.errors:notfound"); assert(v == nil and errors.is(e, errors.NOT_FOUND) and e:message() == "n" and e:details().id == 7 and e:retryable() == false) end},
    {"across call, string", function() local _, err = funcs.call("suite.errors:bad"); assert(err:message() == "bad" and err:kind() == errors.INTERNAL) end},
    {"across call, raised", function() local _, err = funcs.call("suite.errors:raised"); eq(err:message(), "suite.errors:raised:1: bad"); eq(err:kind(), errors.INTERNAL) end},
    {"across call, raised object", function() local _, e = funcs.call("suite.errors:raised_object"); assert(e:message() == "o" and e:kind() == errors.CONFLICT) end},
    {"across call, raised table", function() local _, e = funcs.call("suite.errors:raised_table"); assert(e:message():find("^table") and e:kind() == errors.INTERNAL, e:message()) end},
    {"across call, fault", function() local _, e = funcs.call("suite.errors:fault"); assert(e:message():find("attempt to index a nil value (local 't')", 1, true)) end},
    {"across call, empty", function() local v, e = funcs.call("suite.errors:empty"); assert(v == nil and e and e:message() == "" and e:kind() == errors.INTERNAL) end},
    {"across call, wrapped", function() local _, e = funcs.call("suite.errors:wrapped"); assert(e:message() == "inner" and e:kind() == errors.TIMEOUT and e:retryable() == true); assert(not e:stack():find("context")) end},
    {"error as first result", function() local v, err = funcs.call("suite.errors:first"); assert(err == nil and v:message() == "e"); eq(v:kind(), "") end},
    {"error in a message", function() process.send(process.pid(), "t", errors.new("m")); local e = process.inbox():receive():payload():data(); assert(e:message() == "m" and e:kind() == "") end},
    {"bad argument wording", function() local _, e = pcall(process.send, process.pid(), {}); assert(tostring(e):find("bad argument #2 to 'send' (string expected, got table)", 1, true), tostring(e)); _, e = pcall(string.rep); assert(e:find("bad argument #1 to 'rep' (string expected, got no value)", 1, true), e) end},
    {"details of builtin errors", function() local _, e = funcs.call("no:pe"); eq(e:details().target, "no:pe"); eq(e:message(), "no handler registered for target") end},
    {"retry style", function() local _, e = funcs.call("suite.errors:wrapped"); if e:retryable() then return end error("not retryable") end},
}

return {run = function() return rows.run(list) end}
