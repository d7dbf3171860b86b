-- numeric loops with known and unknown bounds, generic loops, nesting
local n, s = ...
for i = 1, n do f(i) end
for i = 1, 10, 1 do end
for i = 1 + 1, n do end
for i = n, 1, -1 do f(i) end
for i = 1.0, 2 do end
for i = 1, n, s do end
for k in next, n do f(k) end
for k, v in pairs(n) do f(k, v) end
for a, b, c, d in f, s, n, 4 do end
for i = 1, n do for j = i, n do if i == j then break end end end
while n do n = n.next end
repeat local x = f() until x == nil
