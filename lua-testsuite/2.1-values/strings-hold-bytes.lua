-- Lua 5.3 manual, section 2.1: strings are immutable sequences of any bytes, zeros included.
local s = "a\0b\0"
print(#s, s:byte(1, -1))
print(#"\255\254", ("\0"):rep(3) == "\0\0\0", "a\0b" == "a\0c", "a\0b" < "a\0c")
local t = {["a\0"] = 1, ["a"] = 2}
print(t["a\0"], t["a"], t["a\0\0"])
print(("%s"):format("x\0y") == "x\0y", #("%s"):format("x\0y"))

