-- Lua 5.3 manual, section 2.1: tables of many entries, whose parts grow and shrink while they are used.

local N = 40000

-- Keys of every kind; what is written meanwhile through a metamethod stays.
local t = {}
for i = 1, N do
  t[i + 0.5] = i
  t["k" .. i] = -i
end
for i = 1, N do
  assert(t[i + 0.5] == i and t["k" .. i] == -i)
end

-- Backwards: items wait among the other keys until there are enough of them.
t = {}
for i = N, 1, -1 do
  t[i] = i
end
assert(#t == N)
for i = 1, N do
  assert(t[i] == i)
end

-- An array with holes, then with keys far away, then emptied from below.
t = {}
for i = 1, 2 * N, 2 do
  t[i] = i
end
for i = 1, 200 do
  t[i * 1000003] = i
end
local count, sum = 0, 0
for k, v in pairs(t) do
  count, sum = count + 1, sum + v
end
print(count, sum)
for i = 1, 2 * N do
  t[i] = nil
end
for i = 1, 200 do
  assert(t[i * 1000003] == i)
end
assert(t[1] == nil and t[2 * N - 1] == nil)

-- A queue: written at one end, removed from the other.
t = {}
local first, last = 1, 0
for round = 1, 20 do
  for _ = 1, 3000 do
    last = last + 1
    t[last] = last
  end
  for _ = 1, 2900 do
    assert(t[first] == first)
    t[first] = nil
    first = first + 1
  end
end
count = 0
for k, v in pairs(t) do
  assert(k == v and k >= first and k <= last)
  count = count + 1
end
print(count, last - first + 1)

-- Through `__newindex`, and into the table itself from a hook that runs while it grows.
local store = {}
local object = setmetatable({}, {__newindex = store})
for i = 1, N do
  object["x" .. i] = i
end
assert(next(object) == nil and store.x1 == 1 and store["x" .. N] == N)

t = {}
local hooked = 0
debug.sethook(function()
  hooked = hooked + 1
  t["hook" .. hooked] = hooked
end, "", 500)
for i = 1, N do
  t["k" .. i] = i
end
debug.sethook()
for i = 1, N do
  assert(t["k" .. i] == i)
end
for i = 1, hooked do
  assert(t["hook" .. i] == i)
end
assert(hooked > 100)

-- Slots above the last item are nil, whatever was there before.
t = {}
for i = 1, 1000 do
  t[i] = i
end
for i = 1000, 11, -1 do
  t[i] = nil
end
t[500] = "x"
for i = 11, 499 do
  assert(t[i] == nil)
end
for i = 501, 1100 do
  assert(t[i] == nil)
end
count = 0
for _ in pairs(t) do
  count = count + 1
end
print(count, t[10], t[500])
