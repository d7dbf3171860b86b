-- Every statement of Lua 5.3, and the ways they meet.
local a, b = 1, 2;
local c
a, b = b, a
a.b.c, a[b][c] = f(), g(1)(2), ...
do local inner = a; ; end
while a < b do a = a + 1 if a == 3 then break end end
repeat local done = f(a) until done
if a then elseif b then c = 1 elseif c then else c = 2 end
for i = 1, 10 do print(i) end
for i = 10, 1, -1 do end
for k, v, w in pairs(t) do print(k, v) end
function plain() end
function a.b.c(x, ...) return x, ... end
function a.b:method(x) return self, x end
local function recursive(n) return n == 0 and 1 or n * recursive(n - 1) end
goto done
::done::
f "text" { 1 } [[long]] "more"
obj:call(1):call "two":call { 3 }
f()
(g or h)()
local t = {}
(f)()
do return end
do return; end
do return 1, f(), ... ; end
return function(...) local x = 1 < 2 return x end, (f()), (...)
