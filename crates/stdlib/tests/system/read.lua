-- Lua 5.3 manual, 6.8: file:read, file:lines, io.lines
local name = os.tmpname()
local f = assert(io.open(name, "w+"))
f:write("line1\nline2\n\n0x1p4 -7 .5e1 abc\nlast")
print(f:seek("set", 0))
print(f:read("l", "L", "n", "l", "n", "n", "n", "n"))
print(f:seek("set", 0))
print(f:read(3, 0, "*l", "*L", "a", "a", "l", 0, 5))
print(f:seek("set", 2), f:read(2.0), f:read(1, "l"))
f:close()
for a, b in io.lines(name, 1, "l") do io.write("[", a, "|", tostring(b), "]") end
print()
for l in io.lines(name, "L") do io.write("[", l, "]") end
print()
for l in io.lines(name) do io.write("[", l, "]") end
print()
for n in io.lines(name, 4) do io.write("[", n, "]") end
print()
local step = io.lines(name)
for _ = 1, 5 do step() end
print(step())
print(pcall(step))
for _, numeral in ipairs{
  "12 3", "-0x1Fg", "1e+2x", "0x.8p1", ".5.", "1e", "0x", "-", "nan", "inf", "+ 1", "", "  \n\t 7", "1..2", "0xep1", "1e5e5",
  ("1"):rep(199), ("1"):rep(200), ("1"):rep(201), "1_000", "00012", "--1", "0x1.8p-1z", "9223372036854775808"
} do
  f = io.open(name, "w")
  f:write(numeral)
  f:close()
  f = io.open(name)
  print(numeral:sub(1, 12), f:read("n"), f:read("a"))
  f:close()
end
f = io.open(name, "w")
f:write(("x"):rep(5000), "\n", ("y"):rep(20000), "\n", "\0zero\0\n")
f:close()
f = io.open(name)
print(#f:read(), #f:read("L"), #f:read(), f:read())
f:seek("set", 100)
print(#f:read(6000), #f:read("a"))
print(f:read("a"), f:read("l"), f:read("L"), f:read("n"), f:read(0), f:read(1))
print(type(f:lines("x")))
f:close()
f = io.tmpfile()
f:write("tmp")
f:seek("set")
print(f:read("a"), f:close())
os.remove(name)
