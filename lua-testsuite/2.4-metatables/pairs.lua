-- Lua 5.3 manual, section 2.4 and 6.1: __pairs; ipairs respects __index.
local p = setmetatable({}, {__pairs = function(t) return function(_, k) k = (k or 0) + 1; if k <= 3 then return k, k * k end end, t, nil, "dropped" end})
for k, v in pairs(p) do io.write(k, "=", v, " ") end
print(select("#", pairs(p)))
local i = setmetatable({}, {__index = function(_, k) if k <= 4 then return "v" .. k end end})
for k, v in ipairs(i) do io.write(k, v, " ") end
print()
for k, v in ipairs(setmetatable({1, 2, nil, 4}, {__index = function(_, k) if k == 3 then return "gap" end end})) do io.write(k, ":", tostring(v), " ") end
print()
local short = setmetatable({}, {__pairs = function() return next, {} end})
print(select("#", pairs(short)), (pairs(short)) == next)
print(pcall(pairs))
print((pcall(pairs, nil)))
print(pcall(function() for _ in pairs(nil) do end end))
print(pcall(ipairs))
print((pcall(ipairs, nil)))

-- The reference build keeps __ipairs of 5.2.
local counted = setmetatable({"hidden"}, {__ipairs = function(t) return function(_, k) if k < 2 then return k + 1, k * k end end, t, 0, "dropped" end})
for k, v in ipairs(counted) do io.write(k, "=", v, " ") end
print(select("#", ipairs(counted)))
print(pcall(ipairs, setmetatable({}, {__ipairs = 3})))
print(select("#", ipairs(setmetatable({}, {__ipairs = function() end}))))
print(pcall(ipairs, setmetatable({}, {__ipairs = function() error("no way", 0) end})))
