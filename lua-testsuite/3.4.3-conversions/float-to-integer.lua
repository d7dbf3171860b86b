-- Lua 5.3 manual, section 3.4.3: a float becomes an integer only when its value is exactly one.
print(math.tointeger(3.0), math.tointeger(3.5), math.tointeger(2 ^ 53), math.tointeger(2 ^ 63), math.tointeger(-2 ^ 63), math.tointeger(1 / 0), math.tointeger(0 / 0), math.tointeger("8"), math.tointeger({}))
print(("x"):rep(3.0), pcall(string.rep, "x", 3.5)) print(pcall(string.rep, "x", "3.0")) print(pcall(string.rep, "x", "3.5")) print(pcall(string.rep, "x", 2 ^ 63))
print(string.char(65.0, "66", "67.0"), pcall(string.char, 65.5))
print(({10, 20, 30})[2.0], ({10, 20, 30})["2"], #{n = 1, [1.0] = "x"})
print(1 << 2.0, "1" << "2", pcall(function() return 1 << 0.5 end))
for i = 1.0, 2 do io.write(tostring(i), " ") end for i = 1, 2.5 do io.write(tostring(i), " ") end print()
print(string.format("%d", 3.0), pcall(string.format, "%d", 3.1)) print(pcall(string.format, "%d", "3.0")) print(pcall(string.format, "%d", "x"))
print(select(2.0, "a", "b"), pcall(select, 1.5)) print(table.concat({1, 2.0, "x"}, "-"), utf8.char(72.0))

