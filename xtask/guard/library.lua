-- Library functions, sorting, and loading of code.
local t, x, s = {}, 42, 0
for i = 1, 4000 do
  x = (x * 1103515245 + 12345) % 2147483648
  t[i] = x
end
table.sort(t, function(a, b) return a > b end)
table.sort(t)
for i = 1, 20000 do
  s = s + math.max(i, 3) + math.floor(i / 7) + #type(t)
  local last = table.remove(t)
  t[#t + 1] = last
end
local lines = {}
for i = 1, 400 do lines[i] = ("function f%d(a, b) local c = a + b * %d if c > 9 then return {c, k = 'v%d'} end return g.h(c) end"):format(i, i, i) end
for i = 1, 3 do assert(load(table.concat(lines, "\n"))) end
for i = 1, 300 do s = s + load("return 1 + " .. i)() end
for i = 2, 4000 do assert(t[i - 1] <= t[i]) end
assert(s == 228719739, s)
