-- Lua 5.3 manual, 6.9: os.date, os.time, os.difftime
local function fields(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys)
  for i, key in ipairs(keys) do keys[i] = key .. "=" .. tostring(t[key]) end
  return table.concat(keys, " ")
end
for letter in ("aAbBcCdDeFgGhHIjmMnprRStTuUVwWxXyYzZ%"):gmatch(".") do
  print(letter, os.date("!%" .. letter, 1000000000), os.date("!%" .. letter, -86400 * 800))
end
for _, c in ipairs{"Ec", "EC", "Ex", "EX", "Ey", "EY", "Od", "Oe", "OH", "OI", "Om", "OM", "OS", "Ou", "OU", "OV", "Ow", "OW", "Oy"} do
  print(c, os.date("!%" .. c, 1000000000))
end
for _, c in ipairs{"E", "O", "q", "Ea", "s", "L", "k", "P", "", "Eq", "%Q", "i", "l", "Ezyz", "qzyz"} do
  print(c, pcall(os.date, "!%" .. c, 1000000000))
end
for y = 1899, 2110, 7 do
  io.write(os.date("!%Y-%j-%U-%W-%V-%G-%g-%a-%y-%C|", (y - 1970) * 31556952))
end
print()
for i = 0, 40 do io.write(os.date("!%c|%j-%U-%W-%V-%G-%u-%w|", 1704110400 + i * 86400 * 11)) end
print()
print(fields(os.date("!*t", 1000000000)))
print(pcall(os.date, "!x%", 0))
print(os.date("", 0), os.date("!", 0), os.date("!*tx", 0))
print(pcall(os.date, "!%Y", "x"))
print(pcall(os.date, "!%Y", 1.5))
print(os.date("!%Y", "12"), os.date("!%F", 12.0))
print(pcall(os.date, {}))
print(#os.date("!" .. ("x"):rep(1000) .. "%Y", 0))
print(pcall(os.date, "*t", 2^60))
print(pcall(os.date, "!%Y", 67768036191676800))
print(pcall(os.time, {}))
print(pcall(os.time, {year = 2020}))
print(pcall(os.time, {year = 2020, month = "x"}))
print(pcall(os.time, {year = 2020, month = 1.5, day = 1}))
print(pcall(os.time, {year = 1073741824, month = 1, day = 1}))
print(pcall(os.time, {year = 2020, month = 1, day = 1, sec = -1073741824}))
print(pcall(os.time, {year = math.maxinteger, month = 1, day = 1}))
print(pcall(os.time, {year = 2020, month = math.mininteger, day = 1}))
print(pcall(os.time, 1))
print(pcall(function() return os.time{year = 2020} end))
local t = {year = 2020, month = 14, day = -3, hour = 25, min = 61, sec = -100}
local seconds = os.time(t)
t.isdst = nil
print(os.date("%F %T", seconds), fields(t))
t = os.date("*t", 1234567890)
print(os.time(t) == 1234567890, type(t.isdst))
print(os.time{year = "2020", month = "1", day = "  5  "} == os.time{year = 2020, month = 1, day = 5, hour = 12})
local proxy = setmetatable({}, {__index = function(_, k) return k ~= "isdst" and 5 or nil end, __newindex = function(_, k, v) io.write(k, " ") end})
print(os.time(proxy) == os.time{year = 5, month = 5, day = 5, hour = 5, min = 5, sec = 5})
print(os.difftime(5, 2), os.difftime(2.0, 2))
print(pcall(os.difftime, 1))
print(pcall(os.difftime))
print(pcall(os.difftime, 1.5, 2))
print(math.type(os.time()), math.type(os.clock()), os.clock() >= 0)
