-- Lua 5.3 manual, section 3.3.5: the numeric loop over integers, steps, empty loops. (A loop up to the last integer is left out: the reference
-- implementation wraps around there and never ends, ours ends.)
local function run(a, b, c) local t = {}; for i = a, b, c do t[#t + 1] = tostring(i); if #t > 12 then t[#t + 1] = "..." break end end return table.concat(t, " ") end
print(run(1, 3, 1)) print(run(3, 1, -1)) print(run(1, 0, 1)) print(run(1, 1, 1)) print(run(1, 10, 4)) print(run(10, 1, -4))
print(run(math.maxinteger - 2, math.maxinteger - 1, 1)) print(run(math.mininteger + 2, math.mininteger + 1, -1)) print(run(1, math.huge, 1)) print(run(1, -math.huge, 1))
print(run(math.mininteger, math.maxinteger - 1, math.maxinteger)) print(run(0, math.mininteger + 1, math.mininteger))
print(run(1, 3.9, 1)) print(run(3, 1.1, -1)) print(run(1, 0 / 0, 1)) print(run(-3, -1.5, 1))
print(pcall(function() for i = 1, 10, 0 do return "infinite" end end))
local n = 0; for i = 1, 3 do local i = i * 2; n = n + i end print(n)
for i = 1, 3 do local j = i; i = 10; io.write(j, i, " ") end print()
print(pcall(function() for i = "1", 2 do end end))
print(pcall(function() for i = 1, "x" do end end))
print(pcall(function() for i = 1, 2, {} do end end))
print(pcall(function() for i = nil, 2 do end end))

-- As many rounds as no integer counts.
for _, last in ipairs {-1, 0, 1, math.maxinteger} do
  local n = 0
  for i = math.mininteger, last do
    n = n + 1
    if n == 3 then print(last, i) break end
  end
  n = 0
  for i = last, math.mininteger, -1 do
    n = n + 1
    if n == 3 then print(last, i) break end
  end
end
