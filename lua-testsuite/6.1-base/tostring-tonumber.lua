-- Lua 5.3 manual, section 6.1 (tostring, tonumber).
print(tostring(nil), tostring(true), tostring(12), tostring(1.5), tostring("s"), tostring(-0.0), tostring(1e100)) print(pcall(tostring))
print(tostring(print):match("^builtin: ") or tostring(print):match("^function: "), tostring({}):match("^table: "), tostring(coroutine.create(print)):match("^thread: "), tostring(io.stdout):match("^file %("))
print(tonumber("10", 2), tonumber("ff", 16), tonumber("FF", 16), tonumber("zz", 36), tonumber("8", 8), tonumber(" -11 ", 2), tonumber("7fffffffffffffff", 16), tonumber("ffffffffffffffff", 16), tonumber("1e1", 16), tonumber("1.0", 10), tonumber("", 10), tonumber("-", 10), tonumber("1 1", 10))
print(tonumber(5), tonumber(5.5), tonumber("5"), tonumber(nil), tonumber({}), tonumber(true), tonumber(print), tonumber("0x"), tonumber(""))
for _, a in ipairs {{}, {"10", 1}, {"10", 37}, {10, 10}, {nil, 10}, {"x", "y"}, {{}, 10}, {"1", 2.5}} do print(pcall(tonumber, table.unpack(a, 1, 2))) end print(pcall(tonumber))

