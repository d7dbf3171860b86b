-- Lua 5.3 manual, section 3.4.1: one float operand makes the operation a float operation.
for _, s in ipairs {"1 + 1.0", "2 * 1.5", "3 - 0.5", "7 // 2.0", "7.0 // 2", "7 % 2.0", "-7 % 2.0", "10 / 5", "2 ^ 2", "-3.0", "1e0 + 0", "2^53 + 1", "2^53 | 0", "math.maxinteger + 1.0", "math.maxinteger // 1.0", "1 // 1e-320"} do
  local v = load("return " .. s)()
  print(s, v, math.type(v))
end

