-- Lua 5.3 manual, section 6.10 (sethook, gethook): call, return, line and count events.
local log = {} local function rec(s) log[#log + 1] = s end local function flush(n) print(n, table.concat(log, " ")) log = {} end
local function target(a) local b = a
  b = b + 1
  return b
end
debug.sethook(function(e, l) rec(e .. l) end, "l") target(1)
debug.sethook() flush("line")
debug.sethook(function(e, l) local i = debug.getinfo(2, "nS") rec(e .. ":" .. tostring(i.name)) end, "cr") target(1) debug.sethook() flush("call")
local function tailer() return target(1) end debug.sethook(function(e) rec(e) end, "c") tailer() debug.sethook() flush("tail")
local n = 0 debug.sethook(function(e) n = n + 1 assert(e == "count") end, "", 100) for i = 1, 10000 do local x = i * 2 end debug.sethook() print(n > 100) print(debug.gethook()) local h = function() end debug.sethook(h, "crl", 5) local a, b, c = debug.gethook() debug.sethook() print(a == h, b, c) local ok, m = pcall(function()
  debug.sethook(function() debug.sethook() error("from hook", 0) end, "l")
  local x = 1
  return x
end)
print(ok, m) debug.sethook(function(e, l) rec(l) end, "l") for i = 1, 3 do
  local y = i
end
debug.sethook() flush("loop") local co = coroutine.create(function() local z = 1
  coroutine.yield()
  return z end) debug.sethook(co, function(e, l) rec("co" .. l) end, "l") coroutine.resume(co) coroutine.resume(co) flush("coroutine") print(debug.gethook(co) ~= nil, debug.gethook()) print(pcall(debug.sethook, 1)) print(pcall(debug.sethook, print)) print(pcall(debug.sethook, print, 5) == true, debug.sethook()) print(pcall(debug.sethook, print, "l", "x")) debug.sethook()
debug.sethook(function(e, l) local name, v = debug.getlocal(2, 1) rec(tostring(name)) end, "r") target(5) debug.sethook() flush("locals in hook")

-- A hook is that of one coroutine; those which it creates do not have it.
local seen = {}
debug.sethook(function(event)
  local _, is_main = coroutine.running()
  seen[tostring(is_main)] = true
end, "crl")
local other = coroutine.wrap(function() for n = 1, 3 do coroutine.yield(n) end end)
other() other()
debug.sethook()
print(seen["true"], seen["false"], (debug.gethook(coroutine.create(print))))
-- Whatever way a coroutine without a hook is left, that of the one which goes on fires again.
local lines = {}
local failing = coroutine.create(function() local t = nil; return t.x end)
local ending = coroutine.create(function() return 1 end)
local closing = coroutine.wrap(function() return "x" < 1 end)
debug.sethook(function(_, line) lines[#lines + 1] = line end, "l")
coroutine.resume(failing)
coroutine.resume(ending)
pcall(closing)
local after = 1
debug.sethook()
for n = 2, #lines do lines[n] = lines[n] - lines[1] end
print(after, table.concat(lines, " ", 2))
