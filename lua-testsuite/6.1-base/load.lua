-- Lua 5.3 manual, section 6.1 (load): strings, readers, names, modes, environments.
print(load("return 1 + 1")()) print(load("syntax error here")) print(load("x =", "=name")) print(load("x =", "@file.lua")) print(load("x =\n=", "first\nsecond")) print(load("x x", ("long "):rep(50)))
local chunks, i = {"return ", "'a'", " .. 'b'"}, 0 print(load(function() i = i + 1 return chunks[i] end)())
print(pcall(load, function() error("reader failed", 0) end)) print(pcall(load, function() return {} end)) print(pcall(load)) print(pcall(load, nil)) print(pcall(load, {})) print(pcall(load, 5))
print(load("return x", "n", "t", {x = "env"})()) print(load("return x", "n", "b")) local d = string.dump(function() return "dumped" end) print(load(d, "n", "t")) print(load(d, "n", "b")()) print(load(d, "n", "bt")()) print(load("return 1", "n", "bt")()) print(load("return 1", "n", "x")) print(load("return 1", "n", ""))
E = {} load("a = 1", "n", "t", E)() print(E.a, a) print(load("return ...")(1, 2)) print(load("\27", "=b")) print(load("\27Lua", "=b")) print(load("", "=e") ~= nil) print(load("return 1\0 2")) print(load("return '\0'")() == "\0")
print(load("=1")) print(load(" = ", "=(load)")) print(load("return 1", nil, nil, nil) ~= nil) print(pcall(load, "return 1", {})) print(pcall(load, "return 1", "n", {}))

