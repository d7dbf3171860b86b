-- Lua 5.3 manual, section 2.1: integers and floats are two representations of one type.
print(math.type(1), math.type(1.0), math.type("1"), math.type(nil))
print(1 == 1.0, 1 < 1.5, math.type(3 // 1), math.type(3 // 1.0), math.type(2 ^ 2), math.type(4 / 2))
print(math.maxinteger + 1 == math.mininteger, math.mininteger - 1 == math.maxinteger)
print(math.maxinteger * 2, math.mininteger * -1, -math.mininteger)
print(math.maxinteger + 0.0, math.maxinteger + 0.0 == math.maxinteger, 2 ^ 53 == 2 ^ 53 + 1)
print(1e15, 1e16, 1e100, 2 ^ 63, -2 ^ 63, 123456789012345.0)

