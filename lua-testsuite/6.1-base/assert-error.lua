-- Lua 5.3 manual, section 6.1 (assert, error): assert returns all its arguments; any message value.
print(assert(1, 2, 3), select("#", assert(true)))
print(pcall(assert, false)) print(pcall(assert, nil, "msg")) print(pcall(assert, false, nil)) print(select("#", pcall(assert, false, nil)))
print(select(2, pcall(assert, false, print)) == print) print(pcall(assert)) print(pcall(assert, false, 42, "rest"))
local t = {} print(select(2, pcall(assert, nil, t)) == t)
print(pcall(error, "m", 0)) print(pcall(error, "m", 1)) print(pcall(error, {}, 2) == false) print(pcall(error, "m", "x"))

