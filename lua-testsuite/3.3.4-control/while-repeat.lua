-- Lua 5.3 manual, section 3.3.4: while, repeat (whose condition sees the block's locals), break.
local i = 0
while i < 3 do i = i + 1; io.write(i, " ") end
repeat local j = i; i = i - 1; io.write(j, " ") until j == 2
print(i)
while true do i = i + 1; if i > 5 then break end end
print(i)
repeat local done = true until done
local n = 0
repeat n = n + 1; if n == 4 then break end until false
print(n)
local fns = {}
local k = 0
repeat k = k + 1; local c = k; fns[k] = function() c = c + 10; return c end until c >= 3
print(fns[1](), fns[1](), fns[2](), fns[3]())
while nil do error("never") end
print(load("break", "=b")) print(load("while true do local function f() break end end", "=b")) print(load("for i=1,2 do end break", "=b"))

