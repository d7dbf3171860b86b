-- Lua 5.3 manual, section 2.2: every chunk has one upvalue, _ENV, the global environment by default.
shared = "seen"
print(load("return shared")())
local f = load("return _ENV")
print(f() == _G)
local env = {}
local g = load("v = 1; return _ENV", "chunk", "t", env)
print(g() == env, env.v, v)
print((debug.getupvalue(f, 1)))
print(debug.getupvalue(g, 1) == "_ENV", select(2, debug.getupvalue(g, 1)) == env)
print(load("local a = 1; return a", "c", "t", nil)())
print(pcall(load("return a", "c", "t", nil)))

