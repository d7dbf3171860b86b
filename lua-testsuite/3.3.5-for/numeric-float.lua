-- Lua 5.3 manual, section 3.3.5: if any of the three values is a float, the loop is over floats.
local function run(a, b, c) local t = {}; for i = a, b, c do t[#t + 1] = tostring(i); if #t > 12 then t[#t + 1] = "..." break end end return table.concat(t, " ") end
print(run(1.0, 3, 1)) print(run(1, 3, 1.0)) print(run(1, 2, 0.25)) print(run(1, 0, -0.25)) print(run(0.1, 0.5, 0.1)) print(run(3.5, 1, -1))
print(run(1.5, 1.0, 1)) print(run(0.0, 0.0, 1)) print(run(math.huge, math.huge, 1)) print(run(-math.huge, 0, 1)) print(run(1.0, math.huge, 1e308))
print(run(0 / 0, 1, 1)) print(run(1.0, 0 / 0, 1)) print(run(2 ^ 53, 2 ^ 53 + 4, 1))
print(pcall(function() for i = 1.0, 2, 0 do return "runs" end return "empty" end))
local count = 0
for x = 0, 1, 0.125 do count = count + x end
print(count, math.type(count))

