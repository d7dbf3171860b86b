-- Lua 5.3 manual, section 3.4.4: numbers by value, strings by locale order, no mixed order.
print(1 < 2, 1 < 1, 1 <= 1, 2 > 1, 1 >= 2, 1 < 1.5, 1.5 < 2, -1 < 0.0, 1 == 1.0, 1 ~= 1.0)
print("a" < "b", "a" < "B", "Z" < "a", "" < "a", "a" < "aa", "a\0b" < "a\0c", "a\0" < "a", "10" < "9", "a" <= "a", "b" > "a", "\255" > "a")
print(1 == "1", "1" == 1, nil == false, true == 1, 0 == false, "" == nil, print == print, {} ~= {})
local max, min = math.maxinteger, math.mininteger
print(max < max + 0.0, max <= max + 0.0, max + 0.0 == max, max + 0.0 > max, min == min + 0.0, min < min + 0.0, min <= -2 ^ 63, max < 2 ^ 63, max > 2 ^ 63)
print(2 ^ 53 == 2 ^ 53 + 1, (2 ^ 53 | 0) + 1 == 2 ^ 53, (2 ^ 53 | 0) + 1 > 2 ^ 53, (2 ^ 53 | 0) + 1 <= 2 ^ 53, 1 < math.huge, max < math.huge, min > -math.huge)
local nan = 0 / 0
print(1 < nan, 1 > nan, nan == 1, max < nan, min >= nan, nan ~= nan, nan < math.huge)
for _, g in ipairs {function() return 1 < "1" end, function() return {} < {} end, function() return {} < 1 end, function() return nil <= nil end, function() return true > false end, function() return print >= print end, function() return "a" < {} end,
  function() local a, b = nil, 1; return a < b end, function() return 1.5 <= "x" end, function() return io.stdout < io.stderr end, function() return coroutine.create(print) < 1 end} do print(pcall(g)) end

