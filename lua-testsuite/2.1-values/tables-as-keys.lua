-- Lua 5.3 manual, section 2.1: any value but nil and NaN can be a key; floats with integer values become integers.
local t = {}
t[1.0] = "one"
t[2 ^ 53] = "big"
print(t[1], t[2 ^ 53 | 0], next({[3.0] = true}), math.type(next({[3.0] = true})))
t[1.5] = "half"; t[true] = "yes"; t[false] = "no"; t[print] = "f"; t[t] = "self"
print(t[1.5], t[true], t[false], t[print], t[t])
print(pcall(function() t[nil] = 1 end))
print(pcall(function() t[0 / 0] = 1 end))
print(pcall(rawset, t, nil, 1))
print(pcall(rawset, t, 0 / 0, 1))
print(t[nil], t[0 / 0])
t["1"] = "string one"
print(t[1], t["1"])
t[-0.0] = "zero"
print(t[0], t[0.0], t[-0.0])

