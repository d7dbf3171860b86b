-- Lua 5.3 manual, section 3.1: short and long comments.
print(1) -- to the end of the line
--[[ long
print("hidden")
]] print(2)
--[==[ with ]] inside
]==] print(3)
---[[ not a long comment
print(4)
--]]
--[ also short
print(5) --
print(load("--[[ never closed", "=c"))
print(load("--[==[ never closed ]]\n\n", "=c"))
print(load("-- last line without end") ~= nil) print(load("#not first\nreturn 1", "=c"))

