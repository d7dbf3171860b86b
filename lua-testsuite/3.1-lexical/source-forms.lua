-- Lua 5.3 manual, section 3.1: free form; semicolons; all kinds of line ends count lines alike.
local a = 1; local b = 2;;; local c = 3
print(a
+
b,c)
print(load("return\n1\n+\n\n2")())
for _, e in ipairs {"\n", "\r", "\r\n", "\n\r"} do print(load("x = 1" .. e .. "y = 2" .. e .. "error('e')", "=l") and pcall(load("x = 1" .. e .. "y = 2" .. e .. "error('e')", "=l"))) end
print(load("\xEF\xBB\xBFreturn 1", "=bom"))
print(load("return 'a\\\r\nb'")() == "a\nb")
print(load("x = \1", "=c")) print(load("x = \200", "=c")) print(load("x = @", "=c")) print(load("a = $b", "=c")) print(load("x = 'a' !", "=c"))

