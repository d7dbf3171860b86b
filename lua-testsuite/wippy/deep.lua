-- Only here or without limits of the native stack: depth of calls, protected calls and coroutines.
local function depth(n) if n == 0 then return 0 end return 1 + depth(n - 1) end
print(depth(150000))
local function attempt(f, ...)
  local ok, m = pcall(f, ...)
  return ok and m or (tostring(m):find("overflow") and "overflow")
end
local function protected(n) if n == 0 then return 0 end local ok, v = pcall(protected, n - 1) if not ok then error(v, 0) end return v + 1 end
local r = attempt(protected, 50000)
print(r == 50000 or r == "overflow")
local function nested(n) if n == 0 then return 0 end return 1 + coroutine.wrap(nested)(n - 1) end
r = attempt(nested, 10000)
print(r == 10000 or r == "overflow")
local t = {}
for _ = 1, 100000 do t = {t} end
print(type(t))
local function meta(n)
  return setmetatable({}, {__index = function(_, k) if n == 0 then return "end" end return meta(n - 1)[k] end})
end
r = attempt(function() return meta(5000).x end)
print(r == "end" or r == "overflow")
local s = "return " .. ("("):rep(100000) .. "1" .. (")"):rep(100000)
print((load(s)) == nil or "loaded")
print((load(("do "):rep(100000) .. ("end "):rep(100000))) == nil or "loaded")
print((load("return " .. ("{"):rep(100000) .. ("}"):rep(100000))) == nil or "loaded")
print((load("return " .. ("not "):rep(100000) .. "1")) == nil or "loaded")
print((load("return " .. ("a."):rep(1000) .. "b")) ~= nil)
