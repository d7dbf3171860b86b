-- constant operands on either side, folding, what is not folded
local a, b = ...
local r = a + b
r = a + 1
r = 1 - a
r = a * 2.5
r = 2 ^ a
r = a // 0
r = 7 // 0
r = 1 + 2 * 3
r = 2 ^ 10
r = -a + ~b
r = -0.0
r = -(3)
r = 0x10 << 60
r = "10" + 1
r = a & 0xff | b ~ 1 << 2
r = a .. b .. 1 .. "x"
r = (a .. b) .. 1
r = not a
r = not nil
r = #a
r = a + (b + (1 + a))
return r
