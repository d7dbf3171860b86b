-- Recursive calls of global, local and upvalue functions.
function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local function tak(x, y, z) if y >= x then return z end return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y)) end
local function ack(m, n) if m == 0 then return n + 1 elseif n == 0 then return ack(m - 1, 1) end return ack(m - 1, ack(m, n - 1)) end
local a, b, c = fib(32), tak(16, 8, 2), ack(2, 400)
print("fibonacci", a, b, c)
assert(a == 2178309 and b == 3 and c == 803)
