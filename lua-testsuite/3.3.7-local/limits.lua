-- Lua 5.3 manual, section 3.3.7 and the limits of the reference implementation: 200 locals, 255 upvalues in a function.
local function locals(n) local t = {}; for i = 1, n do t[i] = "local v" .. i .. " = " .. i end return table.concat(t, "\n") .. "\nreturn v" .. n end
print(load(locals(200))())
print(load(locals(201), "=many"))
local function upvalues(n)
  local t = {}
  for i = 1, n do t[i] = (i % 150 == 1 and i > 1 and "local function f" .. i .. "() " or "") .. "local u" .. i .. " = " .. i end
  local use = {}
  for i = 1, n do use[i] = "u" .. i end
  return table.concat(t, "\n") .. "\nreturn function() return " .. table.concat(use, " + ") .. " end" .. (n > 150 and " end return f151()" or "")
end
print(load(upvalues(150))()())
print(load(upvalues(254))()())
print(load(upvalues(256), "=ups"))
local params = {}
for i = 1, 200 do params[i] = "p" .. i end
print(load("return function(" .. table.concat(params, ",") .. ") return p1 + p200 end")()(table.unpack(load("local t = {} for i = 1, 200 do t[i] = i end return t")())))
params[201] = "p201"
print(load("return function(" .. table.concat(params, ",") .. ") end", "=params"))
