-- Type values as values: equality, order, keys, operators, the libraries that stand for types.
type A = {x: number, y?: string}
type B = {y?: string, x: number}
assert(A == B and not rawequal(A, 1) and rawequal(A, B) and A ~= Number)
local keys = {[A] = "a"}
assert(keys[B] == "a") keys[B] = "b"
assert(keys[A] == "b" and next(keys) == A) keys[A] = nil
assert(next(keys) == nil)
local many = {}
for i, t in ipairs({Number, String, Boolean, Nil, A, Table, Any, Integer}) do many[t] = i end
collectgarbage()
assert(many[Integer] == 8 and many[B] == 5)
type U1 = number | string
type U2 = string | number
assert(U1 == U2 and U1:is("x") and U1:is(1) and not U1:is({}))
assert(Integer < Number and Number > Integer and Number >= Number and A <= Table and not (Table <= A))
type Annotated = number @min(0)
assert(Annotated <= Number and not (Number <= Annotated) and Annotated ~= Number)
local function fails(text, f)
  local ok, err = pcall(f)
  assert(not ok and tostring(err):find(text, 1, true), tostring(err))
end
fails("attempt to compare type with number", function() return A < 1 end)
fails("attempt to compare number with type", function() return 1 <= A end)
fails("attempt to index a type value", function() A.x = 1 end)
fails("attempt to get length of a type value", function() return #A end)
fails("attempt to perform arithmetic on a type value", function() return A + 1 end)
fails("attempt to concatenate a type value", function() return A .. "x" end)
fails("attempt to call a nil value (method 'nothing')", function() return A:nothing() end)
fails("table expected", function() return setmetatable(A, {}) end)
fails("table expected", function() return next(A) end)
assert(A.nothing == nil and A[1] == nil and A.x == Number and A.y == String)
assert(type(A.is) == "function" and A.is({x = 1}) and A.is(5) == nil)
type Odd = {kind: string, is: number}
assert(Odd.kind == String and Odd:kind() == "record" and type(Odd.is) == "function")
assert(tostring(Number) == "number" and tostring(U1) == "U1" and tostring(typeof(1)) == "number")
assert(tostring(A.y) == "string")
-- string and table
assert(string == String and String == string and table == Table and string ~= Number and type(string) == "table")
assert(string:is("x") == "x" and string:kind() == "string" and getmetatable(string) == nil and table({}) ~= nil)
assert(string <= Any and String <= string and not pcall(table, 5))
local t = {[string] = 1}
assert(t[string] == 1 and t[String] == nil)
-- generics
type Box<T> = {value: T}
type Pair<K, V = number> = {key: K, val: V}
type Named = {name: string}
type Greet<T: Named> = {who: T}
assert(Box(string) == Box(String) and Box(Number) ~= Box(String) and Box(Box(Number)):is({value = {value = 1}}))
assert(tostring(Box(Number)) == "Box<number>" and Pair(String) == Pair(String, Number))
assert(Box:kind() == "generic" and Box(Number):kind() == "record" and Box(Number):generic() == Box)
fails("generic Box expects 1 type arguments, got 2", function() return Box(Number, Number) end)
fails("generic Greet: argument 1 must be a subtype of Named", function() return Greet(Number) end)
fails("type A is not generic", function() return A(Number, String) end)
fails("does not accept mixed type/value arguments", function() return Box(Number, 1) end)
fails("generic Box needs type arguments", function() return Box({value = 1}) end)
assert(Any(Number) == Number)
local deep = Number
fails("too deep", function() for i = 1, 1000 do deep = Box(deep) end end)
-- A type survives the code that made it.
local made = load("type Secret = {hidden: number} return Secret")()
collectgarbage() collectgarbage()
assert(made:is({hidden = 1}) and tostring(made) == "Secret")
