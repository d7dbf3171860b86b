-- Sorting: built-in order, comparison functions, metamethods, and orders that are none.
local function numbers(n, bound)
  local t, x = {}, 42
  for i = 1, n do x = (x * 1103515245 + 12345) % 2147483648 t[i] = x % bound end
  return t
end
local function ordered(t, less)
  for i = 2, #t do if less(t[i], t[i - 1]) then return false end end
  return #t
end
local function lt(a, b) return a < b end
local function gt(a, b) return a > b end
for _, n in ipairs { 0, 1, 2, 3, 4, 5, 7, 33, 100 } do
  for _, bound in ipairs { 3, 1000 } do
    local a, b, c = numbers(n, bound), numbers(n, bound), numbers(n, bound)
    table.sort(a) table.sort(b, gt) table.sort(c, lt)
    io.write(n, " ", tostring(ordered(a, lt)), " ", tostring(ordered(b, gt)), " ", tostring(ordered(c, lt)), "; ")
  end
end
print()
local words = { "pear", "apple", "fig", "Zoo", "", "app", "äpfel" } table.sort(words) print(table.concat(words, " "))
table.sort(words, function(a, b) return #a < #b or #a == #b and a < b end) print(table.concat(words, " "))
local mixed = { 3, 1.5, 2, -1, 2.5, math.huge, -math.huge, math.maxinteger } table.sort(mixed) print(table.concat(mixed, " "))
local V = {} V.__lt = function(a, b) return a.v < b.v end
local objects = {} for i, v in ipairs(numbers(20, 50)) do objects[i] = setmetatable({ v = v }, V) end
table.sort(objects) for _, o in ipairs(objects) do io.write(o.v, " ") end print()
local behind = { 5, 3, 9, 1 }
local front = setmetatable({}, { __len = function() return #behind end, __index = behind, __newindex = function(_, k, v) behind[k] = v end })
table.sort(front) print(table.concat(behind, " ")) table.sort(front, gt) print(table.concat(behind, " "))
for n = 4, 8 do print(n, pcall(table.sort, numbers(n, 100), function() return true end)) end
print(pcall(table.sort, { 1, 2, 3 }, function() error("in order", 0) end), pcall(table.sort, { 1, "x" }), pcall(table.sort, { {}, {} }))
print(pcall(table.sort, { 1, 2 }, 5), pcall(table.sort, { 1 }, 5), pcall(table.sort), pcall(table.sort, setmetatable({}, { __len = function() return math.maxinteger end })))
local odd = numbers(50, 10) pcall(table.sort, odd, function(a, b) return (a * 7 + b * 3) % 5 < 2 end) print(#odd)
local nan = { 3, 0 / 0, 1, 2 } pcall(table.sort, nan) print(#nan)
local down = {} for i = 1, 200 do down[i] = 200 - i end table.sort(down, lt) print(ordered(down, lt))
