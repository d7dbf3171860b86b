-- Lua 5.3 manual, section 2.3: endless recursion is an error that can be caught, again and again.
local function rec() return 1 + rec() end
for _ = 1, 3 do
  local ok, m = pcall(rec)
  print(ok, (tostring(m):find("stack overflow", 1, true)) ~= nil)
end
local t = setmetatable({}, {})
getmetatable(t).__index = function(self, k) return self[k .. "x"] end
local ok, m = pcall(function() return t.a end)
print(ok, m and (m:find("overflow", 1, true)) ~= nil)
local function alternate(n) return n == 0 and 0 or 1 + select(2, pcall(alternate, n - 1)) end
print(alternate(150))
print(select("#", pcall(string.rep, "x", -1)))

