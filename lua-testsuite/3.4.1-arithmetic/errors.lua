-- Lua 5.3 manual, section 3.4.1: arithmetic on anything else fails and names the operand.
local t, up = {}, nil
local function f() return up + 1 end
for _, g in ipairs {
  function() local x; return x + 1 end, function() local x; return 1 + x end, function() return undefinedname * 2 end, function() return t.field - 1 end,
  function() return t.a.b / 2 end, function() return {} ^ 2 end, function() return print % 2 end, function() return -t end, function() return -nil end,
  function() local s = "abc"; return s + 1 end, function() return "abc" + 1 end, function() return 1 - "x" end, function() return t[1] // 2 end, function() return ("x").y * 2 end,
  function() return true + 1 end, function() return -{} end, function() return up + 1 end, f, function() local a, b = {}, {}; return a + b end, function() return t.x.y.z + 1 end,
  function() local i = 1; return t[i] + 1 end, function() return t:m() + 1 end, function() return 2 ^ {} end, function() return 10 .. {} end, function() return t["k"] + 1 end, function() return _ENV.zip + 1 end,
} do print(pcall(g)) end

