-- A simulation of customers and counters, driven by a heap of events.
local heap, size = {}, 0
local function push(time, kind, who)
  size = size + 1
  local i = size
  local e = {time = time, kind = kind, who = who}
  while i > 1 do
    local p = i // 2
    if heap[p].time <= time then break end
    heap[i] = heap[p]
    i = p
  end
  heap[i] = e
end
local function pop()
  local top, last = heap[1], heap[size]
  heap[size] = nil
  size = size - 1
  if size > 0 then
    local i = 1
    while true do
      local c = i * 2
      if c > size then break end
      if c < size and heap[c + 1].time < heap[c].time then c = c + 1 end
      if heap[c].time >= last.time then break end
      heap[i] = heap[c]
      i = c
    end
    heap[i] = last
  end
  return top
end
local seed = 99
local function random(n) seed = (seed * 16807) % 2147483647 return seed % n end
local waiting, free, served, longest, now, sum = {first = 1, last = 0}, 5, 0, 0, 0, 0
push(0, "arrive", {since = 0})
while served < 130000 do
  local e = pop()
  now = e.time
  if e.kind == "arrive" then
    push(now + 1 + random(19), "arrive", {since = 0})
    e.who.since = now
    waiting.last = waiting.last + 1
    waiting[waiting.last] = e.who
  else
    free = free + 1
    served = served + 1
    sum = sum + now - e.who.since
  end
  while free > 0 and waiting.first <= waiting.last do
    local who = waiting[waiting.first]
    waiting[waiting.first] = nil
    waiting.first = waiting.first + 1
    free = free - 1
    longest = math.max(longest, now - who.since)
    push(now + 20 + random(50), "leave", who)
  end
end
print("events", served, now, longest, sum)
assert(now == 1302987 and longest == 127 and sum == 7172859)
