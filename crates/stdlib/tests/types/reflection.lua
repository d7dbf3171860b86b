-- What types say about themselves.
type R = {a: number, b?: string, readonly c: {integer}, [string]: any}
local list = {}
for name, ty, optional, readonly in R:fields() do
  list[#list + 1] = name .. (optional and "?" or "") .. (readonly and "!" or "") .. ty:kind()
end
assert(table.concat(list, " ") == "anumber b?string c!array")
local ty, optional, readonly = R:field("b")
assert(ty == String and optional and not readonly and R:field("z") == nil)
assert(R:key() == String and R:val() == Any and R:field("c"):elem() == Integer and R:kind() == "record")
local function kind(t) return t:kind() end
type M = {[string]: number}
type L = "a" | "b" | 3
type O = (number | string)?
type I = {a: number} & {b: number}
type F = (n: number, s?: string, ...boolean) -> (number, string)
type One = () -> number
type None = () -> ()
interface Shape
  name: string
  function area(self): number
end
interface Round: Shape
  radius: number
end
assert(kind(M) == "map" and M:key() == String and M:val() == Number and M:fields() == nil)
assert(kind(L) == "union" and kind(O) == "optional" and kind(I) == "intersection" and kind(F) == "function")
local values = {}
for v in L:variants() do values[#values + 1] = tostring(v:value()) .. v:kind() end
assert(table.concat(values, " ") == "aliteral bliteral 3literal")
assert(O:inner():kind() == "union" and O:variants() == nil and Number:inner() == nil)
local parts = 0
for part in I:parts() do parts = parts + 1 assert(part:kind() == "record") end
assert(parts == 2)
local params = {}
for t, name, opt in F:params() do params[#params + 1] = name .. ":" .. t:kind() .. tostring(opt) end
assert(table.concat(params, " ") == "n:numberfalse s:stringtrue" and F:variadic() == Boolean)
assert(F:ret():kind() == "tuple" and One:ret() == Number and None:ret() == nil and Number:ret() == nil)
assert(kind(Shape) == "interface" and Shape:name() == "Shape")
local names = {}
for name in Round:fields() do names[#names + 1] = name end
assert(table.concat(names, " ") == "name area radius")
type G<T: string, U = number> = {t: T, u: U}
local g = {}
for name, bound, default in G:tparams() do g[#g + 1] = name .. tostring(bound) .. tostring(default) end
assert(table.concat(g, " ") == "Tstringnil Unilnumber")
local args = {}
for t in G(String):args() do args[#args + 1] = tostring(t) end
assert(table.concat(args, " ") == "string number" and Number:args() == nil)
type V = string @min_len(2) @pattern("x")
local v = {}
for name, argument in V:validators() do v[#v + 1] = name .. tostring(argument) end
assert(table.concat(v, " ") == "min_len2 patternx" and Number:validators() == nil and V:kind() == "string")
type Ro = readonly {number}
assert(Ro:readonly() == true and M:readonly() == false and Number:readonly() == nil)
assert(kind(Error) == "host" and kind(Thread) == "thread" and kind(Nil) == "nil" and Number:name() == "number")
type Empty = {}
assert(kind(Empty) == "record" and (L:name()) == "L" and R.a:name() == "number")
