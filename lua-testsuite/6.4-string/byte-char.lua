-- Lua 5.3 manual, section 6.4 (string.byte, string.char).
print(("abc"):byte(), ("abc"):byte(2), ("abc"):byte(-1), ("abc"):byte(1, -1)) print(("abc"):byte(10)) print(("abc"):byte(0)) print(("abc"):byte(0, 2)) print(("abc"):byte(-100, 100)) print(("abc"):byte(3, 1)) print((""):byte()) print(("\0\255"):byte(1, 2)) print(select("#", ("x"):rep(200):byte(1, -1)))
print(string.char(), string.char(65, 66), string.char(0, 255):byte(1, -1)) for _, a in ipairs {{256}, {-1}, {"x"}, {1.5}, {{}}, {65, 300}} do print(pcall(string.char, table.unpack(a))) end print(pcall(string.byte)) print(pcall(string.byte, "a", "x")) print(pcall(string.byte, "a", 1.5)) print(string.byte(5), string.byte(1.5, 2))

