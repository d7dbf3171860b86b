-- Lua 5.3 manual, section 2.6: any number of values crosses in both directions.
local co = coroutine.create(function(...)
  local n = select("#", ...)
  while true do
    local t = table.pack(coroutine.yield(n, ...))
    n = t.n
  end
end)
print(coroutine.resume(co))
print(coroutine.resume(co, 1, nil, nil))
print(coroutine.resume(co, nil))
print(coroutine.resume(co))
local many = {}
for i = 1, 200 do many[i] = i end
print(select("#", coroutine.resume(co, table.unpack(many))))
local echo = coroutine.wrap(function(...) local a = table.pack(...); while true do a = table.pack(coroutine.yield(table.unpack(a, 1, a.n))) end end)
print(select("#", echo(table.unpack(many))), (select(200, echo(table.unpack(many)))))
print(coroutine.wrap(function(...) return ... end)())
print((coroutine.wrap(function() return 1, 2, 3 end)()))

