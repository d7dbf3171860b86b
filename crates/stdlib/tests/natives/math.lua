-- Numbers.
print(math.floor(3.7), math.ceil(3.2), math.floor(-3.7), math.ceil(-3.2), math.floor(1e300), math.floor("2.5"), math.floor(5))
print(math.abs(-5), math.abs(-5.5), math.abs(math.mininteger), math.fmod(-6, 4), math.fmod(5.5, -2), math.fmod(math.mininteger, -1))
print(math.max(1, 2.5), math.max(2, 2.0), math.min(3, 1, 2), math.max("a", "b"), math.min(-0.0, 0.0), math.max(1))
print(math.modf(3.7), math.modf(-3.7), math.modf(5), math.modf(1e300), math.modf(math.huge))
print(math.sqrt(2), math.exp(1), math.log(8, 2), math.log(100, 10), math.log(27, 3), math.log(2), math.pow(2, 0.5), math.log10(1000))
print(math.sin(1), math.cos(1), math.tan(1), math.asin(0.5), math.acos(0.5), math.atan(1), math.atan(1, -1), math.atan2(1, 2))
print(math.sinh(1), math.cosh(1), math.tanh(1), math.deg(1), math.rad(180), math.pi, math.huge)
print(math.tointeger(3.0), math.tointeger(3.5), math.tointeger("8"), math.tointeger({}), math.type(1), math.type(1.0), math.type("1"))
print(math.ult(1, -1), math.ult(-1, 1), math.maxinteger, math.mininteger, math.frexp(8), math.frexp(0.1), math.ldexp(0.5, 4), math.ldexp(1, -1074))
print(7 // -2, -7 // 2, 7 % -3, -7 % 3, 7.5 // -2, -7.5 % 2, 5 % math.huge, -5 % math.huge, 1 // 0.0, 5.3 % -math.huge)
print(1 << 63, 1 << 64, -1 >> 1, 1 << -1, math.mininteger // -1, math.mininteger % -1, 2 ^ 53 == 2 ^ 53 + 1, math.maxinteger + 0.0 == math.maxinteger)
math.randomseed(42) local a, b = math.random(1000), math.random(1000) math.randomseed(42) print(a == math.random(1000), b == math.random(1000))
for _ = 1, 100 do local r, i, j = math.random(), math.random(6), math.random(-3, 3) assert(r >= 0 and r < 1 and i >= 1 and i <= 6 and j >= -3 and j <= 3) end
local less = { __lt = function(a, b) return a.v < b.v end }
local x, y = setmetatable({ v = 1 }, less), setmetatable({ v = 2 }, less)
print(math.max(x, y) == y, math.min(x, y) == x, math.max(y, x, y).v)
for _, case in ipairs { { math.random, 0 }, { math.random, 2, 1 }, { math.random, 1, 2, 3 }, { math.random, math.mininteger, math.maxinteger },
  { math.random, 1.5 }, { math.floor, {} }, { math.fmod, 3, 0 }, { math.max }, { math.max, 1, "x" }, { math.tointeger }, { math.type },
  { math.randomseed }, { math.ult, 1.5, 2 }, { math.abs } } do print(pcall(table.unpack(case, 1, 4))) end
for _, text in ipairs { "0x10", "0x1p4", "1e5", " 12 ", "12a", "0x", "1e", "inf", "nan", "9223372036854775808", ".5", "5.", "0xffffffffffffffffff", "1e400" } do
  io.write(tostring(tonumber(text)), " ")
end
print(tonumber("zz", 36), tonumber("-ff", 16), tonumber("8", 8), tonumber("1111", 2))
