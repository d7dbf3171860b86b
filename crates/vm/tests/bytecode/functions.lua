-- parameters, methods, varargs, recursion
local function fact(n)
  if n == 0 then return 1 end
  return n * fact(n - 1)
end
function global(a, b, ...)
  local c, d = ...
  return select("#", ...), { ... }
end
local m = {}
function m.f() end
function m.a.b:method(x) return self, x end
local f
function f() end
f = function(...) return ... end
return function() end
