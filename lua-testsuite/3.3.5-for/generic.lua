-- Lua 5.3 manual, section 3.3.5: iterator function, state, control variable; loop variables are fresh locals.
local function iter(s, c) if c < s then return c + 1, c * 2 end end
for a, b, c in iter, 3, 0 do print(a, b, c) end
for k in next, {} do error("empty") end
for v in string.gmatch("a b c", "%a") do io.write(v, ",") end print()
local fns = {}
for i, v in ipairs {"x", "y", "z"} do fns[i] = function() v = v .. i; return v end end
print(fns[1](), fns[1](), fns[3]())
for a, b, c, d, e in function(_, x) if not x then return 1, 2, 3 end end do print(a, b, c, d, e) end
for x in (function() local n = 0; return function() n = n + 1; if n < 3 then return n end end end)() do x = x * 10; io.write(x, " ") end print()
print(pcall(function() for x in nil do end end))
print(pcall(function() for x in 5 do end end))
print(pcall(function() for x in {} do end end))
print(pcall(function() for x in pairs() do end end))
print(pcall(function() local t = {}; for x in t.iter do end end))
for i in iter, 2, 0, "extra ignored" do io.write(i, " ") end print()
for a in function() return false end do print("false is a value", a) break end

