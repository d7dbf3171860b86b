-- captured locals are closed where their scope ends, and before jumps out of it
local list = {}
for i = 1, 3 do list[i] = function() return i end end
for _, v in pairs(list) do list[v] = function() return v end if v then break end end
while list do local x = 1 list.f = function() x = x + 1 end if x > 2 then break end end
repeat local y = f() list.g = function() return y end until y
do
  local z
  if list then goto out end
  list.h = function() return z end
end
::out::
local function counter()
  local n = 0
  return function() n = n + 1 return n end, n
end
local function nothing_captured(a) return a end
local function shared(a)
  return function() return function() return a, list end end
end
