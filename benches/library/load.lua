-- Loading code: a large generated source, many small chunks, dump and reload.
local lines = {"local t = {}"}
for i = 1, 1500 do
  lines[#lines + 1] = ("function t.f%d(a, b) local c = a + b * %d if c > %d then return c - %d else return {c, key = 'v%d', [%d] = a} end end"):format(i, i, i * 10, i, i, i)
  lines[#lines + 1] = ("t.s%d = 'text %d' .. #t .. \"more\" for i = 1, %d do t.n%d = (t.n%d or 0) + i end"):format(i, i, i % 3, i, i)
end
lines[#lines + 1] = "return t"
local source = table.concat(lines, "\n")
local sum = 0
for _ = 1, 15 do
  local t = assert(load(source, "=generated"))()
  sum = sum + t.f7(100, 100) + #t.s9 + t.n1400
end
for i = 1, 40000 do sum = sum + load("local x = " .. i .. " return function() return x + 1 end")()() end
local f = load(source)
for _ = 1, 6 do f = load(string.dump(f)) end
sum = sum + f().f8(100, 100)
print("load", sum)
assert(sum == 800072997)
