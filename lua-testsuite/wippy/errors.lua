-- Only here: structured errors. Each line is one fact.
local function raises(text, f, ...)
  local ok, e = pcall(f, ...)
  assert(not ok, "should raise: " .. text)
  assert(tostring(e):find(text, 1, true), tostring(e))
end

-- the table
assert(errors == require("errors"))
assert(errors.NOT_FOUND == "NotFound" and errors.UNKNOWN == "" and errors.RATE_LIMITED == "RateLimited")
raises("frozen", function() errors.new = 1 end)
raises("frozen", function() errors.mine = 1 end)
raises("frozen", rawset, errors, "new", 1)
raises("frozen", rawset, errors, 1, 1)
raises("frozen", setmetatable, errors, {})
raises("frozen", table.insert, errors, 1)

-- new
local e = errors.new("m")
assert(e:message() == "m" and e:kind() == "" and e:retryable() == nil and e:details() == nil)
assert(errors.new("A", "b"):message() == "A")
assert(errors.new(12):message() == "12")
e = errors.new{message = "m", kind = errors.INVALID, retryable = true, details = {a = 1}, other = 1}
assert(e:kind() == "Invalid" and e:retryable() == true and e:details().a == 1)
raises("message field is required", errors.new, {kind = "x"})
raises("message must be a string", errors.new, {message = {}})
raises("string or table expected, got no value", errors.new)
raises("string or table expected, got boolean", errors.new, true)

-- details
e:details().a = 2
assert(e:details().a == 1)
assert(#errors.new{message = "m", details = {1, 2}}:details() == 2)
assert(errors.new{message = "m", details = {}}:details() == nil)
local cyclic = {name = "x", list = {1, {2}}, f = print, e = errors.new("inner")}
cyclic.self = cyclic
cyclic.again = cyclic.list
local d = errors.new{message = "m", details = cyclic}:details()
assert(d.self == d and d.again == d.list and d.list[2][1] == 2 and d.e == "inner" and type(d.f) == "string")

-- objects
assert(type(e) == "userdata" and tostring(e) == "m")
assert(e.unknown == nil and getmetatable(e) == false)
raises("attempt to index", function() e.x = 1 end)
raises("error expected", e.kind)
raises("error expected", e.kind, "m")
assert("a" .. e .. "b" == "amb" and 1 .. e == "1m" and e .. nil == "mnil" and true .. e == "truem" and e .. e == "mm")
assert(e .. setmetatable({}, {__tostring = function() return "t" end}) == "mt")
assert(e ~= errors.new("m") and e ~= "m" and e == e)
raises("attempt to compare", function() return e < e end)
raises("attempt to get length of", function() return #e end)
raises("attempt to perform arithmetic on", function() return e + 1 end)
raises("attempt to call", function() return e() end)

-- used as a string
e = errors.new("abc")
assert(string.find(e, "b") == 2 and string.upper(e) == "ABC" and string.rep(e, 2) == "abcabc")
assert(table.concat({e, 1, e}, "-") == "abc-1-abc" and string.format("%s|%5s", e, e) == "abc|  abc")
assert(("abc"):gsub(e, "x") == "x" and #string.format("%q", tostring(e)) == 5)
io.write(e, "\n")
print(e, 1)

-- wrap
local w = errors.wrap(errors.new{message = "no row", kind = errors.NOT_FOUND, retryable = false, details = {1}}, "load user")
assert(w:message() == "no row" and w:kind() == errors.NOT_FOUND and w:retryable() == false and w:details()[1] == 1)
local w2 = errors.wrap(w, errors.new("render page"))
assert(w2:message() == "load user: no row" and tostring(w2) == "load user: no row")
assert(errors.wrap(errors.wrap("m", "a"), "b"):message() == "a: m")
assert(w2:stack():find("^render page\nload user\n") and w:message() == "no row")
assert(errors.wrap("m", "ctx"):kind() == "")
raises("string or error object expected", errors.wrap, nil, "c")
raises("string or error object expected", errors.wrap, "m")
raises("string or error object expected", errors.wrap, "m", {})

-- is
assert(errors.is(errors.new{message = "m", kind = "X"}, "X") and not errors.is(nil, "X") and not errors.is("X", "X"))
assert(errors.is(errors.new("m"), errors.UNKNOWN) and not errors.is({}, nil))

-- stacks
local function make() local made = errors.new("m") return made end
local s = errors.call_stack(make())
assert(s.thread == "main" and s.frames[1].line == 80 and s.frames[1].name == "make" and s.frames[1].type == "function")
assert(s.frames[1].source:find("errors.lua") and s.frames[1].level == 1 and s.frames[2].type == "main")
assert(errors.call_stack("x") == nil and errors.call_stack() == nil)
assert(make():stack():find("errors.lua:80: in function 'make'", 1, true))
assert(coroutine.wrap(function() return errors.call_stack(errors.new("m")).thread end)():find("^thread"))

-- raised and caught
local function same(f, ...) local ok, c = pcall(f, ...) return not ok and c == e end
assert(same(error, e) and same(error, e, 2) and same(assert, nil, e) and same(assert, false, e))
local _, c = coroutine.resume(coroutine.create(function() error(e) end))
assert(c == e)
assert(same(coroutine.wrap(function() error(e) end)))
_, c = xpcall(error, debug.traceback, e)
assert(c == e)
_, c = pcall(function() error("x") end)
assert(c:match(":%d+: x$"))
_, c = pcall(function() local t; return t.x end)
assert(type(c) == "string" and c:find("attempt to index a nil value"))
print("ok")
