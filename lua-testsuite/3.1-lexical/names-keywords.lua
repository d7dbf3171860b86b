-- Lua 5.3 manual, section 3.1: names, case, keywords.
local and1, And, _, _1, a_b, AND = 1, 2, 3, 4, 5, 6
print(and1, And, _, _1, a_b, AND)
for _, word in ipairs {"and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
  "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while"} do
  print(load("local " .. word .. " = 1"))
end
print(load("local 1a = 1"))
print(load("local a.b = 1"))
print(load("x = }"))

