-- The run-time rows of the specification's acceptance table, by number.
type Point = {x: number, y: number}
type User = {name: string, age: number}

local function raises(text, f, ...)
  local ok, err = pcall(f, ...)
  assert(not ok, "no error")
  assert(tostring(err):find(text, 1, true), tostring(err) .. " has no " .. text)
  return err
end

do -- 2, 4, 5, 6, 7, 10, 11, 13, 17, 18
  x = type
  Foo = 3
  assert(x == type and Foo == 3)
  local t = {type = 1, as = 2, is = function() return 4 end}
  assert(t:is() == 4) t.readonly = 1
  local a = 5
  local y = a as number
  as = 5
  assert(y == 5 and as == 5)
  local z = a :: number
  ::top::
  local w = a ::one:: local v = 1
  local m: Map<string, Box<number>>= {}
  assert((8 >> 1) == 4 and 2 >= 1)
  local n = (a :: integer) | 2
  assert(n == 7)
  local calls = 0
  local f = function() calls = calls + 1 return function() return function() end end end
  local q: Foo
  (f or g)()
  f()
  (g or f)()
  assert(calls == 2)
end

do -- 22
  local r: {name?: string, readonly id: integer, [string]: any} = {id = 1}
  local seen = {}
  for name, ty, optional, readonly in typeof(r):fields() do
    seen[#seen + 1] = table.concat({name, tostring(ty), tostring(optional), tostring(readonly)}, " ")
  end
  assert(table.concat(seen, ", ") == "name string true false, id integer false true", table.concat(seen, ", "))
  assert(typeof(r):key() == String and typeof(r):val() == Any)
end
do -- 102: a missing case is a warning, and runs
  local function read(e: {k: "a"} | {k: "b"} | {k: "c"})
    if e.k == "a" then return 1 elseif e.k == "c" then return 3 end
  end
  assert(read {k = "a"} == 1 and read {k = "b"} == nil and read {k = "c"} == 3)
end
do -- 110
  local p = {x = 1, y = 2}
  assert(Point(p).x == 1 and rawequal(Point(p), p))
end
do -- 111
  local err = raises("expected User, got table", User, {name = "a", age = "9"})
  assert(err:kind() == "Invalid" and tostring(err):find("age: expected number, got string", 1, true))
end
do -- 112, 113
  local v, e = User:is({name = "a"})
  assert(v == nil and e:message() == "age: required field missing" and e:details().field == "age")
  assert(({User:is({name = "a", age = 1})})[2] == nil)
end
do -- 114
  type L = {User}
  local e = select(2, L:is({{name = "a", age = 1}, {name = 1, age = 1}}))
  assert(e:message() == "[2].name: expected string, got number")
end
do -- 115, 116
  raises("expected string, got number", string, 42)
  assert(string("x") == "x" and string.upper("x") == "X")
  assert(math.type(integer(3.0)) == "float" and integer(3.0) == 3)
  raises("expected integer, got number", integer, 3.5)
  raises("expected integer, got string", integer, "3")
end
do -- 117, 118
  type S = number @min(0) @max(100)
  assert(select(2, S:is(-1)):message() == "value below minimum")
  type E = string @pattern("^.+@.+$")
  local v, e = E:is("nope")
  assert(v == nil and e:details().constraint == "pattern" and e:details().got == "nope")
end
do -- 119, 120
  local n: number = 1
  assert(Number == typeof(n) and Integer <= Number and Integer < Number and not (Number < Number))
  local h = {[Number] = 1}
  type A = number
  assert(h[A] == 1)
end
-- 121, 122
assert(type(Point) == "type" and tostring(Point) == "Point" and Point:kind() == "record")
assert(Point:name() == "Point")
local seen = {}
for n, t in User:fields() do seen[#seen + 1] = n .. ":" .. t:kind() end
assert(table.concat(seen, " ") == "name:string age:number")
do -- 123
  local o: number? = nil
  assert(typeof(o):kind() == "optional" and typeof(o):inner():kind() == "number")
end
do -- 124
  type Box<T> = {value: T}
  local v, e = Box(String):is({value = 1})
  assert(v == nil and e:message() == "value: expected string, got number")
end
-- 125
raises("expected Point, got type", Point, Number)
raises("type Point expects at least 1 argument", Point)
raises("type Point validation expects 1 value, got 2", Point, 1, 2)
do -- 126
  type N = {v: number, next?: N}
  local a = {v = 1} a.next = a
  assert(N:is(a) == a)
  a.v = "x"
  assert(select(2, N:is(a)):message() == "v: expected number, got string")
end
do -- 127, 128
  do type T = number end
  assert(T == nil)
  do local Point = 5 assert(Point == 5) end
end
do -- 129
  package.preload.a = load("type Config = {a: number} return {Config = Config}")
  package.preload.b = load("type Config = {b: string} return {Config = Config}")
  local a, b = require("a"), require("b")
  assert(a.Config ~= b.Config and a.Config:is({a = 1}) and b.Config:is({b = "x"}) and not a.Config:is({b = "x"}))
end
do -- 130, 131, 132
  type F = (number) -> boolean
  assert(F:is(print) == print and F:is({}) == nil)
  type O = number?
  assert(select("#", O:is(nil)) == 2)
  local v, e = O:is(nil)
  assert(v == nil and e == nil)
  assert(User.name:kind() == "string" and User:name() == "User")
end
