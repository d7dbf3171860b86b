-- Channels: one check per rule of the specification's checklist.
local function pause() coroutine.yield() end
local function log_of()
    local t = {}
    return t, function(x) t[#t + 1] = tostring(x) end
end

do -- rendezvous
    local c = channel.new()
    coroutine.spawn(function() c:send(5) end)
    assert(c:receive() == 5)
end
do -- buffer does not block
    local c = channel.new(2)
    assert(c:send(1) and c:send(2))
    assert(c:receive() == 1 and c:receive() == 2)
end
do -- nil is a value
    local c = channel.new(1)
    c:send(nil)
    local v, ok = c:receive()
    assert(v == nil and ok == true)
    c:send()
    assert(select(2, c:receive()) == true)
end
do -- close drains
    local c = channel.new(1)
    c:send(1)
    c:close()
    assert(c:receive() == 1)
    assert(select("#", c:receive()) == 2 and select(2, c:receive()) == false)
    assert(c:receive() == nil)
end
do -- double close, close returns nothing
    local c = channel.new()
    assert(select("#", c:close()) == 0)
    c:close()
end
do -- send on closed raises, with position
    local c = channel.new(1)
    c:close()
    local ok, e = pcall(c.send, c, 1)
    assert(not ok and e == "send on closed channel")
    local ok, e = pcall(function() c:send(1) end)
    assert(not ok and e:find("^channel.lua:%d+: send on closed channel$") or e:find("channel.lua:%d+: send on closed channel$"), e)
end
do -- parked sender at close
    local c, r, n = channel.new(), {}, 0
    coroutine.spawn(function() r[1], r[2] = c:send(1) n = n + 1 end)
    c:close()
    assert(n == 1 and r[1] == nil and tostring(r[2]) == "send on closed channel")
    assert(type(r[2]:kind()) == "string")
end
do -- parked receiver at close
    local c, k = channel.new(), nil
    coroutine.spawn(function() k = select(2, c:receive()) end)
    c:close()
    assert(k == false)
end
do -- FIFO receivers
    local c, got = channel.new(), {}
    for i = 1, 3 do coroutine.spawn(function() got[i] = c:receive() end) end
    for i = 1, 3 do c:send(i) end
    pause()
    assert(got[1] == 1 and got[2] == 2 and got[3] == 3)
end
do -- FIFO senders
    local c = channel.new()
    for i = 1, 3 do coroutine.spawn(function() c:send(i) end) end
    assert(c:receive() == 1 and c:receive() == 2 and c:receive() == 3)
end
do -- senders parked at a full buffer keep their order
    local c = channel.new(2)
    for i = 1, 5 do coroutine.spawn(function() c:send(i) end) end
    for i = 1, 5 do assert(c:receive() == i) end
end
do -- select order
    local a, b = channel.new(1), channel.new(1)
    a:send(1) b:send(2)
    assert(channel.select{b:case_receive(), a:case_receive()}.value == 2)
    assert(a:receive() == 1)
end
do -- select default, as field and as argument
    local r = channel.select{channel.new():case_receive(), default = true}
    assert(r.default == true and r.ok == true and r.channel == nil)
    assert(channel.select({channel.new():case_receive()}, true).default)
    assert(channel.select({}, true).default)
end
do -- select closed
    local c = channel.new()
    c:close()
    local r = channel.select{c:case_receive()}
    assert(r.ok == false and r.channel == c and r.value == nil)
    assert(not channel.select({c:case_receive()}, true).default)
end
do -- select send
    local c = channel.new(1)
    local r = channel.select{c:case_send(9)}
    assert(r.value == 9 and r.ok == true and r.channel == c and c:receive() == 9)
    assert(channel.select({channel.new():case_send(1)}, true).default)
end
do -- a select that waits: receive, send, close
    local a, b = channel.new(), channel.new()
    coroutine.spawn(function() a:send("x") end)
    local r = channel.select{b:case_receive(), a:case_receive()}
    assert(r.channel == a and r.value == "x" and r.ok)
    local got
    local r
    coroutine.spawn(function() r = channel.select{a:case_receive(), b:case_send("y")} end)
    assert(b:receive() == "y")
    pause()
    assert(r.channel == b and r.value == "y" and r.ok)
    assert(channel.select({a:case_send(1)}, true).default, "the lost receive case is gone")
    coroutine.spawn(function() r = channel.select{a:case_receive()} end)
    a:close()
    assert(r.channel == a and r.ok == false)
end
do -- a losing send case sends nothing
    local a, b = channel.new(), channel.new(1)
    b:send(1)
    channel.select{a:case_send(1), b:case_receive()}
    assert(channel.select({a:case_receive()}, true).default)
    coroutine.spawn(function() channel.select{a:case_send(1), b:case_receive()} end)
    b:send(2)
    pause()
    assert(channel.select({a:case_receive()}, true).default)
end
do -- a select never pairs with itself; two of the kind do
    local c, r = channel.new(), {}
    for i = 1, 2 do
        coroutine.spawn(function() r[i] = channel.select{c:case_send(i), c:case_receive()} end)
    end
    pause()
    assert(r[1].value == 2 and r[2].value == 2, "the second sends to the first")
end
do -- closed send cases
    local c, d = channel.new(), channel.new(1)
    c:close()
    d:send(1)
    assert(channel.select{c:case_send(1), d:case_receive()}.value == 1)
    assert(channel.select({c:case_send(1)}, true).default)
    local ok, e = pcall(channel.select, {c:case_send(1), d:case_receive()})
    assert(not ok and e:find("send on closed channel"))
    local s, r, e = channel.new(), 1
    coroutine.spawn(function() r, e = channel.select{s:case_send(1)} end)
    s:close()
    assert(r == nil and e:message() == "send on closed channel")
end
do -- bad entries; nil and false are skipped
    local ok, e = pcall(channel.select, {1})
    assert(not ok and e:find("bad argument #1 to '?.-select'? %(case expected at index 1%)"), e)
    local c = channel.new(1)
    local ok, e = pcall(function() channel.select{c:case_receive(), c} end)
    assert(not ok and e:find("case expected at index 2"), e)
    assert(not pcall(channel.select, 1) and not pcall(channel.select))
    c:send(3)
    assert(channel.select{false, c:case_receive()}.value == 3)
end
do -- cases are values
    local c = channel.new(3)
    local case = c:case_send(7)
    for _ = 1, 3 do channel.select{case} end
    local r = c:case_receive()
    for _ = 1, 3 do assert(channel.select{r}.value == 7) end
end
do -- identity, type, arguments
    local c = channel.new()
    local t = {[c] = 1}
    assert(t[c] == 1 and type(c) == "userdata" and c == c and c ~= channel.new())
    assert(not pcall(function() return #c end) and not pcall(function() for _ in pairs(c) do end end))
    assert(c.len == nil and c.cap == nil and c.try_send == nil)
    local ok, e = pcall(c.receive, {})
    assert(not ok and e:find("channel expected"), e)
    local ok, e = pcall(channel.new, "x")
    assert(not ok and e:find("bad argument #1"), e)
    assert(channel.new(-5):case_receive() and channel.new(nil))
    assert(require("channel") == channel)
    assert(not pcall(function() c.x = 1 end))
end
do -- spawn runs the child first; control comes back when it parks
    local s = ""
    coroutine.spawn(function() s = s .. "c" end)
    assert(s .. "p" == "cp")
    local ok, e = pcall(coroutine.spawn, 1)
    assert(not ok and e:find("bad argument #1 to '.-spawn' %(function expected, got number%)"), e)
    coroutine.spawn(function(...) assert(select("#", ...) == 0) end, 1, 2)
end
do -- order of the specification's example
    local out, ch = {}, channel.new()
    coroutine.spawn(function() out[#out + 1] = "child"; ch:send(1); out[#out + 1] = "sent" end)
    out[#out + 1] = "parent"
    ch:receive(); out[#out + 1] = "got"
    pause()
    assert(table.concat(out, " ") == "child parent got sent")
end
do -- the sender goes on before the receiver it has woken
    local log, add = log_of()
    local c = channel.new()
    coroutine.spawn(function() c:receive() add("receiver") end)
    coroutine.spawn(function() pause() add("other") end)
    c:send(1) add("sender")
    pause()
    assert(table.concat(log, " ") == "other sender receiver", table.concat(log, " "))
end
do -- the receiver goes on before the sender it has woken, also when it came from the buffer's queue
    for size = 0, 1 do
        local log, add = log_of()
        local c = channel.new(size)
        coroutine.spawn(function() for i = 0, size do c:send(i) end add("sender") end)
        coroutine.spawn(function() pause() add("other") end)
        assert(c:receive() == 0) add("receiver")
        pause()
        assert(table.concat(log, " ") == "other receiver sender", table.concat(log, " "))
    end
end
do -- what wakes nobody does not give up control
    local log, add = log_of()
    local c, d = channel.new(2), channel.new()
    coroutine.spawn(function() pause() add("other") end)
    c:send(1) c:send(2) c:receive() add("a")
    d:close() d:receive() channel.select{c:case_receive()} add("b")
    pause()
    assert(table.concat(log, " ") == "a b other")
end
do -- close wakes senders, then receivers and selects, then the closer goes on
    local log, add = log_of()
    local c = channel.new()
    for i = 1, 2 do coroutine.spawn(function() c:receive() add("r" .. i) end) end
    coroutine.spawn(function() channel.select{c:case_receive()} add("s") end)
    coroutine.spawn(function() pause() add("other") end)
    c:close() add("closer")
    assert(table.concat(log, " ") == "other r1 r2 s closer", table.concat(log, " "))
    local log, add = log_of()
    local c = channel.new()
    for i = 1, 2 do coroutine.spawn(function() c:send() add("s" .. i) end) end
    c:close() add("closer")
    assert(table.concat(log, " ") == "s1 s2 closer")
end
do -- nested coroutines park as a whole
    local c = channel.new(1)
    c:send(3)
    assert(coroutine.wrap(function() return (c:receive()) end)() == 3)
    local c = channel.new()
    coroutine.spawn(function() c:send(4) end)
    assert(coroutine.wrap(function() return (c:receive()) end)() == 4)
    local gen = coroutine.wrap(function() coroutine.yield(1) coroutine.yield(c:receive()) end)
    coroutine.spawn(function() c:send("deep") end)
    assert(gen() == 1 and gen() == "deep")
    -- While it waits nobody else can resume it.
    local inner = coroutine.create(function() return c:receive() end)
    local seen
    coroutine.spawn(function()
        pause()
        seen = {coroutine.status(inner), coroutine.resume(inner)}
        c:send("x")
    end)
    local ok, v = coroutine.resume(inner)
    assert(ok and v == "x" and seen[1] ~= "suspended" and seen[2] == false)
    assert(seen[3] == "cannot resume non-suspended coroutine")
    assert(coroutine.status(inner) == "dead")
end
do -- bare yield
    local n = 0
    coroutine.spawn(function() pause() n = 1 end)
    assert(select("#", coroutine.yield(1, 2)) == 0)
    assert(n == 1)
end
do -- spawned threads are not resumed by hand
    local c = channel.new()
    local t = coroutine.spawn(function() c:receive() end)
    assert(type(t) == "thread" and coroutine.status(t) == "suspended")
    local ok, e = coroutine.resume(t)
    assert(ok == false and e == "cannot resume non-suspended coroutine")
    c:close()
    assert(coroutine.status(t) == "dead")
    local main, is_main = coroutine.running()
    assert(is_main)
    coroutine.spawn(function()
        local me, is_main = coroutine.running()
        assert(not is_main and me ~= main and coroutine.status(me) == "running")
    end)
end
do -- parking is invisible to pcall, metamethods, iterators, sort, gsub, load, tostring
    local c = channel.new()
    coroutine.spawn(function() local n = 0 while true do n = n + 1 c:send(n) end end)
    local function wait(v) c:receive() return v end
    local ok, e = pcall(function() wait() error("x", 0) end)
    assert(not ok and e == "x")
    assert(select(2, xpcall(error, function(m) wait() return m .. "!" end, "y")) == "y!")
    local t = setmetatable({}, {
        __index = function() return wait(7) end, __add = function() return wait(8) end,
        __eq = function() return wait(true) end, __lt = function() return wait(true) end,
        __concat = function() return wait("cat") end, __len = function() return wait(9) end,
        __call = function() return wait(10) end, __tostring = function() return wait("text") end,
        __newindex = function(t, k, v) wait() rawset(t, k, v) end,
    })
    assert(t.a == 7 and t + 1 == 8 and t < t and t .. "" == "cat" and #t == 9 and t() == 10)
    assert(tostring(t) == "text" and t == setmetatable({}, getmetatable(t)))
    t.b = 5
    assert(rawget(t, "b") == 5)
    local sum = 0
    for v in function(_, i) i = (i or 0) + 1 wait() if i < 4 then return i end end do sum = sum + v end
    assert(sum == 6)
    local s = {3, 1, 2, 5, 4}
    table.sort(s, function(a, b) wait() return a < b end)
    assert(table.concat(s) == "12345")
    assert(("abc"):gsub(".", function(x) wait() return x:upper() end) == "ABC")
    local parts = {"return ", "1", nil}
    local i = 0
    assert(load(function() i = i + 1 return wait(parts[i]) end)() == 1)
end
do -- an error in a nested coroutine goes to its resumer, after parking too
    local c = channel.new()
    coroutine.spawn(function() c:send(1) end)
    local ok, e = coroutine.resume(coroutine.create(function() c:receive() error("n", 0) end))
    assert(not ok and e == "n")
end
do -- worker pool
    local jobs, results = channel.new(10), channel.new(10)
    for i = 1, 3 do
        coroutine.spawn(function()
            while true do
                local j, ok = jobs:receive()
                if not ok then return end
                results:send(j * j)
            end
        end)
    end
    coroutine.spawn(function() for i = 1, 20 do jobs:send(i) end jobs:close() end)
    local sum = 0
    for i = 1, 20 do sum = sum + results:receive() end
    assert(sum == 2870)
end
do -- 10,000 coroutines
    local done, n = channel.new(), 0
    for i = 1, 10000 do coroutine.spawn(function() done:receive() n = n + 1 end) end
    done:close()
    assert(n == 10000)
end
do -- stale registrations neither grow nor wake
    local never, busy = channel.new(), channel.new(1)
    coroutine.spawn(function() for i = 1, 5000 do busy:send(i) end end)
    for i = 1, 5000 do
        local r = channel.select{never:case_receive(), busy:case_receive()}
        assert(r.value == i)
    end
    assert(channel.select({never:case_send(1)}, true).default)
end
do -- what nobody can wake is collected, with its values
    local kept = setmetatable({}, {__mode = "k"})
    for i = 1, 10 do
        local c, v = channel.new(1), {}
        kept[v] = true
        c:send(v)
        kept[coroutine.spawn(function() channel.select{channel.new():case_receive()} end)] = true
    end
    collectgarbage() collectgarbage()
    assert(next(kept) == nil)
end
print("ok")
