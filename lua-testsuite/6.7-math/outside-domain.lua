-- Lua 5.3 manual, section 6.7: outside the domain of a function the sign of NaN is that of the C library.
for _, name in ipairs {"acos", "asin", "sqrt", "log", "log10", "sin", "cos", "tan", "exp", "cosh", "sinh", "tanh"} do
  local f = math[name]
  io.write(name)
  for _, x in ipairs {-math.huge, -2.5, -1.0, -0.0, 0.0, 1.0, 1.0000001, 3, math.huge, 0/0, -(0/0)} do io.write(" ", string.format("%.10g", f(x))) end
  print()
end
for _, base in ipairs {2, 10, 10.0, 3} do print(base, math.log(-1, base), math.log(0, base), math.log(100, base)) end
print(string.format("%f %5.1f %g", math.acos(-2), math.asin(-2), math.log(-3, 10)))
