-- Types as values: annotations, validation, reflection, also across entries: spec of types, row by row.
local rows = require("rows")
local models = require("models")
local eq, fails = rows.eq, rows.fails
local User = models.User

type Point = {x: number, y: number}
type Id = string | integer
type Grid = {[string]: {number}}
type Maybe = number?

local function add(a: number, b: number): number return a + b end
local function first<T>(list: {T}): T? return list[1] end

local function good() return {name = "Ada", age = 36, tags = {"x"}} end

local list = {
    {"annotations are erased", function() eq(add(1, 2), 3); eq(first({7}), 7); local n: integer = 5; eq(n, 5); local p: Point = {x = 1, y = 2}; eq(p.x, 1); eq((("5" :: any) :: string), "5") end},
    {"is", function() local v, e = Point:is({x = 1, y = 2}); assert(v and e == nil); v, e = Point:is({x = 1}); assert(not v); eq(e:kind(), errors.INVALID); eq(e:message(), "y: required field missing"); eq(e:retryable(), false); v, e = Point:is(5); assert(not v and e:message() == "expected Point, got number" or e:message():find("got number")) end},
    {"call", function() local p = {x = 1, y = 2}; eq(Point(p), p); local ok, e = pcall(function() return Point({x = "a", y = 1}) end); assert(not ok and tostring(e):find("x: expected number, got string", 1, true), tostring(e)) end},
    {"shared types", function() assert(User:is(good())); local v, e = User:is({name = "", age = 1, tags = {}}); assert(not v and e:message():find("name: length below minimum", 1, true), e:message()); v, e = User:is({name = "x", age = 200, tags = {}}); assert(e:message():find("age: value above maximum", 1, true)); v, e = User:is({name = "x", age = 1, tags = {1}}); assert(e:message():find("tags[1]: expected string, got number", 1, true), e:message()); local u = good(); u.address = {street = "s", zip = 5}; v, e = User:is(u); assert(e:message():find("address.zip: expected string, got number", 1, true), e:message()) end},
    {"details", function() local _, e = User:is({name = "x", age = "y", tags = {}}); local d = e:details(); eq(d.field, "age"); eq(d.expected, "number"); eq(d.got, "string") end},
    {"optional fields", function() local u = good(); u.email = "a@b"; assert(User:is(u)); u.email = 5; assert(not User:is(u)); assert(select(2, Maybe:is(nil)) == nil and Maybe:is(3) and not Maybe:is("x")) end},
    {"unions", function() assert(Id:is("a") and Id:is(1) and not Id:is(1.5) and not Id:is(true)); assert(models.Shape:is({kind = "circle", radius = 1})); local v, e = models.Shape:is({kind = "circle", side = 1}); assert(not v and e:message():find("radius"), e:message()); v, e = models.Shape:is({kind = "star"}); assert(not v and e:message():find("kind: expected"), e:message()) end},
    {"maps", function() assert(Grid:is({a = {1, 2}})); assert(not Grid:is({a = {"x"}})); assert(not Grid:is({{1}})) end},
    {"generics", function() local B = models.Box(Number); assert(B:is({value = 1}) and not B:is({value = "x"})) end},
    {"primitives", function() assert(Integer:is(5) and not Integer:is(5.5) and String:is("x") and select(2, Boolean:is(false)) == nil and select(2, Any:is(nil)) == nil and not Never:is(1) and Table:is({}) and Function:is(print) and select(2, Nil:is(nil)) == nil and select(2, Nil:is(1))) end},
    {"reflection", function()
        eq(User:kind(), "record"); eq(User:name(), "User"); local names = {}; for name, ty, optional in User:fields() do names[#names + 1] = name .. (optional and "?" or "") end; eq(table.concat(names, " "), "name age email? address? tags")
        eq(Id:kind(), "union"); local n = 0; for v in Id:variants() do n = n + 1 end; eq(n, 2); eq(Maybe:kind(), "optional"); eq(Maybe:inner():kind(), "number"); eq(Grid:kind(), "map"); eq(Grid:key():kind(), "string"); eq(Grid:val():elem():kind(), "number"); eq(type(User), "type")
    end},
    {"errors are a type", function() assert(Error:is(errors.new("m")) and not Error:is("m")) end},
    {"across calls", function() eq(funcs.call("suite.types:takes", good()), "Ada"); local e = fails(errors.INVALID, funcs.call("suite.types:takes", {name = "x"})); assert(e:message():find("required field missing"), e:message()) end},
    {"types cross borders", function() process.send(process.pid(), "t", {User}); local got = process.inbox():receive():payload():data()[1]; eq(type(got), "type"); assert(got:is(good())) end},
    {"typed functions of libraries", function() eq(models.make("Bo", 3).name, "Bo") end},
}

return {run = function() return rows.run(list) end}
