-- What type names mean, and where.
local function fails(text, source)
  local f, err = load(source)
  assert(not f and err:find(text, 1, true), tostring(err))
end
fails("cannot assign to type 'A'", "type A = number A = 5")
fails("cannot assign to type 'A'", "type A = number local x x, A = 1, 2")
fails("cannot assign to type 'A'", "type A = number function A() end")
fails("type 'A' already declared on line 1", "type A = number\ntype A = string")
fails("type 'A' already declared on line 2", "\ninterface A end\ntype A = string")

-- Hoisted per block; mutual recursion.
assert(Early:kind() == "number")
type Early = number
type Tree = {left?: Tree, forest?: Forest}
type Forest = {Tree}
assert(Tree:is({forest = {{left = {}}}}) and not Tree:is({forest = {{left = 1}}}))

-- Locals hide types from their declaration on, types hide outer locals.
local Shade = 1
do
  assert(Shade:kind() == "string")
  type Shade = string
  local function inside() return Shade end
  assert(inside() == String)
  local Shade = 7
  assert(Shade == 7)
  do type Shade = boolean assert(Shade == Boolean) end
  assert(Shade == 7)
end
assert(Shade == 1)
for i = 1, 2 do type Loop = integer assert(Loop == Integer and Loop:is(i)) end

-- Not in the environment; chunks that are loaded see nothing of them.
assert(_G.Early == nil and load("return Early")() == nil)
-- Predeclared names are ordinary globals.
do local number = 5 assert(number == 5) end
assert(load("Number = 3 return Number")() == 3) Number = number

-- Type parameters of functions are erased.
local function generic<T: string, U>(x: T, y: U)
  type Pair = {a: T, b: U}
  return Pair
end
assert(generic("x"):is({a = "x", b = {}}) and not generic("x"):is({a = 1}))
-- Names that nobody declares.
type Holder = {x: Missing}
assert(select(2, Holder:is({x = 1})):message() == "x: unresolved type Missing")

-- typeof: declared types of variables, casts and fields; else the kind of the value.
type P = {name: string, inner: {deep: integer}}
local p: P = {name = "x", inner = {deep = 1}}
assert(typeof(p) == P and typeof(p.name) == String and typeof(p.inner.deep) == Integer)
assert(typeof(p :: number) == Number and typeof((p)) == P)
local function parameter(a: integer, ...) return typeof(a), function() return typeof(a) end end
local one, two = parameter(1)
assert(one == Integer and two() == Integer)
for i: integer = 1, 1 do assert(typeof(i) == Integer) end
for _, v: string in ipairs({"x"}) do assert(typeof(v) == String) end
assert(typeof(1) == Number and typeof(nil) == Nil and typeof({}) == Table and typeof(print) == Function)
assert(typeof(P) == Type and typeof(coroutine.create(print)) == Thread and typeof(true) == Boolean)
assert(typeof(io.stdout) == Userdata and typeof(errors.new("x")) == Error)
local calls = 0
assert(typeof((function() calls = calls + 1 return "x" end)()) == String and calls == 1)
do local typeof = function(x) return x end assert(typeof(5) == 5) end
-- typeof in a type.
local defaults = {host = "h", port = 80, tags = {"a"}}
type Config = typeof(defaults)
assert(Config:is({host = "x", port = 1, tags = {}}) and not Config:is({host = "x", port = 1.5, tags = {}}))
type Declared = typeof(p)
assert(Declared == P)
type Loose = typeof(print())
assert(Loose == Any)
-- A dump has no place for types.
assert(not pcall(string.dump, function() return P end) and string.dump(function() return 1 end))
