-- Linked lists: build, map, filter, reverse, append.
local function cons(head, tail) return {head = head, tail = tail} end
local function range(a, b) local l for i = b, a, -1 do l = cons(i, l) end return l end
local function reverse(l) local r while l do r, l = cons(l.head, r), l.tail end return r end
local function map(l, f) local r while l do r, l = cons(f(l.head), r), l.tail end return reverse(r) end
local function filter(l, f) local r while l do if f(l.head) then r = cons(l.head, r) end l = l.tail end return reverse(r) end
local function fold(l, f, a) while l do a, l = f(a, l.head), l.tail end return a end
local sum = 0
for round = 1, 120 do
  local l = range(1, 2000)
  l = map(l, function(x) return x * x % 1009 end)
  l = filter(l, function(x) return x % 3 ~= round % 3 end)
  sum = sum + fold(l, function(a, x) return a + x end, 0)
end
print("lists", sum)
assert(sum == 81222960)
