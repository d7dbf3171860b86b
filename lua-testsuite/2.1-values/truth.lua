-- Lua 5.3 manual, section 2.1: nil and false are false in conditions, every other value is true.
local function truth(v) if v then return "true" else return "false" end end
print(truth(nil), truth(false), truth(true), truth(0), truth(0.0), truth(""), truth("false"))
print(truth({}), truth(print), truth(0 / 0), truth(-0.0))
print(not nil, not 0, not "", not not {})

