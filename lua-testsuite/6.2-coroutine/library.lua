-- Lua 5.3 manual, section 6.2: arguments, results and messages of the library's functions.
print(pcall(coroutine.create)) print(pcall(coroutine.create, {})) print(pcall(coroutine.resume)) print(pcall(coroutine.resume, 1)) print(pcall(coroutine.wrap, "x")) print(pcall(coroutine.status)) print(pcall(coroutine.status, {}))
print(coroutine.isyieldable(), select("#", coroutine.running()), select(2, coroutine.running())) print(coroutine.wrap(function() return coroutine.isyieldable(), select(2, coroutine.running()) end)())
print(pcall(coroutine.yield)) local co = coroutine.create(print) print(coroutine.resume(co, "through print")) print(coroutine.status(co)) print(coroutine.resume(co)) print(coroutine.close, coroutine.running() == coroutine.running())
local y = coroutine.create(coroutine.yield) print(coroutine.resume(y, 1, 2)) print(coroutine.resume(y, 3, 4)) print(coroutine.resume(y)) local p = coroutine.create(pcall) print(coroutine.resume(p, coroutine.yield, "in pcall")) print(coroutine.resume(p, "back")) local e = coroutine.create(error) print(coroutine.resume(e, "msg", 0))
local w = coroutine.wrap(function(a) local b = coroutine.yield(a * 2) error("wrapped " .. b) end) print(w(21)) print(pcall(w, "x")) print(pcall(w)) local r = coroutine.wrap(coroutine.resume) print(r(coroutine.create(function(...) return ... end), 7, 8))
print(select("#", coroutine.resume(coroutine.create(function() end)))) local t = coroutine.create(function() coroutine.yield() end) coroutine.resume(t) coroutine.resume(t) print(coroutine.status(t), coroutine.resume(t)) print(debug.traceback(t))

