-- Lua 5.3 manual, section 3.4.10: a failing call names what was called.
local t = {a = {}} local up
for _, g in ipairs {
  function() local x; x() end, function() undefinedname() end, function() t.f() end, function() t:m() end, function() t.a.b() end, function() t.a:b(1) end, function() t[1]() end, function() up() end,
  function() (nil)() end, function() ("s")() end, function() (1)() end, function() (true)() end, function() ({})() end, function() string.nothing() end, function() ("x"):nothing() end, function() t["key with space"]() end,
  function() local k = "dyn"; t[k]() end, function() return t.f() end, function() return undefinedname() end, function() local a = {} a.b.c() end, function() t.f.g() end, function() math.floor.x() end, function() io.stdout:nomethod() end, function() t.a.b.c.d() end, function() _ENV.nofunc() end, function() _G.nofunc() end,
  function() local f = 5; f "x" end, function() (function() end)()() end, function() t:m():n() end, function() for a in undefinedname() do end end, function() return #undefinedname() end, function() return -t.f() end,
} do print(pcall(g)) end

