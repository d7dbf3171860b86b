-- What ordinary scripts use, each thing once: `cargo xtask order` puts the code that this runs side by side.

-- Classes, closures, varargs, metamethods.
local Point = {}
Point.__index = Point
function Point.new(x, y) return setmetatable({ x = x, y = y }, Point) end
function Point:length() return math.sqrt(self.x ^ 2 + self.y ^ 2) end
Point.__add = function(a, b) return Point.new(a.x + b.x, a.y + b.y) end
Point.__eq = function(a, b) return a.x == b.x and a.y == b.y end
Point.__lt = function(a, b) return a:length() < b:length() end
Point.__le = function(a, b) return a:length() <= b:length() end
Point.__tostring = function(p) return ("(%g, %g)"):format(p.x, p.y) end
Point.__call = function(p, k) return p.x * k end
Point.__len = function() return 2 end
Point.__concat = function(a, b) return tostring(a) .. tostring(b) end
Point.__unm = function(p) return Point.new(-p.x, -p.y) end
local a, b = Point.new(3, 4), Point.new(1.5, -2)
print(tostring(a + b), a == b, a < b, a <= b, a(2), #a, a .. b, tostring(-a))
local proxy = setmetatable({}, { __index = function(_, k) return k end, __newindex = rawset })
proxy.x = proxy.y
local function sum(...)
  local total = 0
  for _, v in ipairs({ ... }) do total = total + v end
  return total, select("#", ...), (select(2, ...))
end
print(sum(1, 2.5, 3), sum(table.unpack({ 4, 5, 6 })), pcall(sum, 1, {}))
local counter = (function() local n = 0 return function() n = n + 1 return n end end)()
for _ = 1, 3 do counter() end

-- Numbers.
print(7 // 2, -7 // 2, 7 % -3, 7.5 // 2, 2 ^ 10, 7 / 2, 1e15, 1e100, 0.1, -0.0, 1 / 0, 0x10, 3 & 5, 3 | 5, 3 ~ 5, ~0, 1 << 4, 256 >> 4)
print(math.floor(2.5), math.ceil(2.5), math.max(1, 2.5), math.min(3, 1), math.abs(-3), math.fmod(7, 3), math.huge, math.pi)
print(math.sin(1), math.cos(1), math.tan(1), math.atan(1, 2), math.exp(1), math.log(10), math.log(8, 2), math.tointeger(3.0), math.type(1))
math.randomseed(1)
print(math.random() < 1, math.random(10) <= 10, math.random(5, 6) >= 5, math.ult(1, 2), math.modf(3.7))
print(tonumber("0x1p4"), tonumber("12"), tonumber("z", 36), tonumber("1e2"), tonumber("x"), "10" + 5, 10 .. "")
for i = 10, 1, -3 do io.write(i, " ") end
for x = 0.5, 2.0, 0.5 do io.write(x, " ") end
print()

-- Strings.
local text = "The quick brown fox, 42 jumps"
print(#text, text:upper(), text:lower(), text:sub(5, 9), text:sub(-5), text:rep(2, "-"), text:reverse(), text:byte(1, 3), string.char(72, 105))
print(text:find("quick"), text:find("o", 20, true), text:match("(%a+) (%a+)"), text:match("%d+"), text:gsub("%w+", string.upper))
print(text:gsub("%a+", { The = "A" }), text:gsub("(%w+) (%w+)", "%2 %1"), (text:gsub("%s+", "_", 2)))
for word in text:gmatch("%a+") do io.write(word, ";") end
print(("%d %5.2f %s %q %x %c %i %e %10s|%-10s|%05d"):format(42, 3.14159, "x", "a\nb", 255, 65, 7, 12345.678, "r", "l", 42))
print(table.concat({ 1, "b", 3.5 }, ", "), tostring(nil), tostring(true), tostring(print):sub(1, 8), utf8.char(228, 8364), utf8.len("äö"))
for p, c in utf8.codes("aä") do io.write(p, ":", c, " ") end
print(string.pack("<i4", 7):byte(1, -1), (string.unpack("<i4", "\7\0\0\0")))
print(text:find("[%w_]+%s-%f[%d]()42"), text:match("^(.-)%s*$"), ("[x[y]]"):match("%b[]"), ("a.b"):gsub("%.", "%%"))
print(("key = value"):match("^(%w+)%s*=%s*(%w+)$"), text:rep(40):find("jumps over", 1, true), ("x"):rep(3, ","), #text:rep(2000))
print((text:rep(300):gsub("[aeiou]", { a = "4" })):len(), ("%s %s"):format(1, {} ~= nil), ("\65\x42\u{43}\z
  end"), [[long]])
print(string.format("%g %.14g %5s %-5d| %+d %#x %o %q", 0.1, 1 / 3, "a", 3, 4, 255, 8, 1 / 3), 1e300 * 10, 2 ^ 53, 123456789012)
local parts = {}
for i = 1, 200 do parts[#parts + 1] = "item " .. i end
local long = table.concat(parts, "\n")
print(#long, long:len(), long == table.concat(parts, "\n"), "a" < "b")

-- Tables.
local list = {}
for i = 1, 300 do list[i] = (i * 7919) % 1000 end
table.sort(list)
table.sort(list, function(x, y) return x > y end)
local few, words = { 3, 1, 2 }, { "pear", "apple", "fig" }
table.sort(few) table.sort(words) table.sort(words, function(x, y) return #x < #y end)
table.sort(parts) print(table.concat(few, " "), words[1], table.unpack(words, 2))
table.insert(list, 5) table.insert(list, 1, 6) table.remove(list) table.remove(list, 1)
table.move(list, 1, 10, 5)
local packed = table.pack(table.unpack(list, 1, 5))
local map = {}
for i = 1, 100 do map["key" .. i] = i map[i + 0.5] = i end
for k in pairs(map) do if type(k) == "number" then map[k] = nil end end
local grid = {}
for y = 1, 10 do grid[y] = {} for x = 1, 10 do grid[y][x] = x * y end end
print(#list, packed.n, next({}), rawlen(list), rawget(map, "key1"), rawequal(list, list), #grid[3])
local weak = setmetatable({}, { __mode = "k" })
weak[{}] = true
collectgarbage()
print(collectgarbage("count") > 0)

-- Statements and expressions.
local i, seen = 0, {}
while true do
  i = i + 1
  if i == 2 then goto continue elseif i > 5 and not seen[9] or seen.stop then break else seen[i], seen["k" .. i] = i, -i end
  repeat local x = i * 2 - 1 until x > 0 and x ~= 100
  ::continue::
end
local t = { 1, 2, n = 3, ["a b"] = 4, [10] = 5, { nested = { deep = true } }, f = function(self, k) return self.n + (k or 0) end; "last" }
function t.plus(x, ...) return x + select("#", ...) end
function t:times(x) self.n = self.n * x return self end
t.n, t[1] = t[1], t.n
print(t:f(), t:f(2), t.plus(1, 2, 3), t:times(4).n, t[3].nested.deep, (t:f()), #t, -t.n ^ 2, not t.n, t.n == 4 and "yes" or "no")
print(1 < 2, 2 <= 1, 1 > 2, 2 >= 2, 1 ~= 1.0, "a" .. 1 .. 2.5, 7 // 0.0, 5 % -3, -5 // 2, 1 << 63 >> 1, 3 ~ 1 & 2 | 8, 0xff, 1e3, .5, 3.)
local function fact(n) if n <= 1 then return 1 end return n * fact(n - 1) end
print(fact(20), fact(25.0), (function(...) return select("#", ...) end)(nil, nil), ({ fact(3), fact(4) })[2])

-- Errors, loading, coroutines.
print(pcall(error, { code = 1 }), pcall(error, "text", 0), select(2, pcall(function() local t t.x = 1 end)))
print(xpcall(function() error("oops") end, function(m) return debug.traceback(m, 1) ~= nil end))
print(load("return 1 + 1")(), load("syntax error here"), pcall(load, nil), assert(true, "fine"), select("#", assert(1, 2)))
local generator = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
print(generator(), generator(), coroutine.isyieldable(), coroutine.running())
local co = coroutine.create(function(x) local y = coroutine.yield(x + 1) return y * 2 end)
print(coroutine.resume(co, 1), coroutine.status(co), coroutine.resume(co, 21), coroutine.resume(co))
goto done
print("never")
::done::

-- The system.
print(os.time() > 0, type(os.date()), os.getenv("HOME") ~= nil, os.date("%Y", 0), type(os.tmpname))
local name = os.tmpname()
local file = assert(io.open(name, "w"))
file:write("one\n", 2, "\n")
file:close()
for line in io.lines(name) do io.write(line, " ") end
file = io.open(name)
print(file:read("l"), file:read("n"), file:read("a"), file:seek("set", 0), file:read("L"))
file:close()
os.remove(name)
io.stdout:write("end\n")
io.stderr:write("")
print(require("string") == string, package.loaded.math == math, type(package.path), arg[0] ~= nil)
