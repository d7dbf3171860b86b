-- Lua 5.3 manual, section 3.3.3: syntax of assignments and messages of failing ones.
for _, s in ipairs {"f() = 1", "a, f() = 1, 2", "1 = 2", "(a) = 1", "a + 1 = 2", "a = ", "a, = 1", "a b = 1", "local = 1", "local a.b = 1", "a", "a.b", "a, b", "'x' = 1", "x.1 = 2", "nil = 1", "... = 1"} do
  print(s, load(s, "=a"))
end
print(pcall(function() local a; a.b = 1 end))
print(pcall(function() a.b = 1 end))
print(pcall(function() local a = {}; a.b.c = 1 end))
print(pcall(function() local a = {b = {}}; a.b.c.d = 1 end))
print(pcall(function() local a = {}; a[nil] = 1 end))
print(pcall(function() local a, i = {}, 2; a[i].x = 1 end))
print(pcall(function() local s = "x"; s[1] = 2 end))

