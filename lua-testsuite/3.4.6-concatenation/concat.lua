-- Lua 5.3 manual, section 3.4.6: strings and numbers; right associative; long chains.
print("a" .. "b", "a" .. 1, 1 .. 2, 1.5 .. "x", "x" .. -0.0, 2 ^ 63 .. "", "" .. "", "a" .. "b" .. "c" == "abc")
local s = ""
for i = 1, 300 do s = s .. i end
print(#s, s:sub(-9))
local parts = {}
for i = 1, 150 do parts[i] = ("'%d'"):format(i) end
print(#load("return " .. table.concat(parts, " .. "))())
print(#(("x"):rep(1000) .. ("y"):rep(1000)), ("\0" .. "\0"):byte(1, -1))
for _, g in ipairs {function() return "a" .. nil end, function() return {} .. "a" end, function() local x = true; return "a" .. x end, function() local t = {}; return "a" .. t.name end, function() return "a" .. undefinedname .. "b" end,
  function() local a, b = "x", {}; return a .. b .. "y" end, function() return print .. "" end, function() local t = {}; return t.x .. t.y end, function() return 1 .. {} end, function() local up; return (function() return "a" .. up end)() end, function() return "x" .. ("y"):upper() .. nil end} do print(pcall(g)) end

