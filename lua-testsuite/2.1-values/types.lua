-- Lua 5.3 manual, section 2.1: the eight basic types and what `type` calls them.
print(type(nil), type(true), type(1), type(1.5), type("x"))
print(type(print), type(function() end), type({}))
print(type(coroutine.create(function() end)), type(io.stdout))
print(pcall(type))
assert(select("#", type(nil)) == 1)

