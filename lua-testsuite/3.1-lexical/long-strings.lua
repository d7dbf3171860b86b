-- Lua 5.3 manual, section 3.1: long brackets of any level; the first newline is skipped, line ends become one newline.
print([[plain]], [==[a]]b]=]c]==], [[
skipped first newline]])
print(#[[

]], [[a\nb]], [=[[[nested]]]=])
print(load("return [[a\r\nb\rc\n\rd]]")():byte(1, -1))
print(load("return [[\r\nx]]")(), load("return [==[\n\nx]==]")():byte(1, -1))
print(load("return [[open", "=s"))
print(load("return [==[open]]", "=s"))
print(load("return [=open", "=s"))
print(load("return [=", "=s"))

