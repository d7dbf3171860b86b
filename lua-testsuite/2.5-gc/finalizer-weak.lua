-- Lua 5.3 manual, section 2.5.2: resurrected objects leave weak values before, weak keys after their finalizer.
local weakv = setmetatable({}, {__mode = "v"})
local weakk = setmetatable({}, {__mode = "k"})
local seen
do local o = setmetatable({}, {__gc = function(o) seen = tostring(weakv[1]) .. " " .. tostring(weakk[o]) end})
  weakv[1] = o; weakk[o] = "by key"
end
collectgarbage()
print(seen, weakv[1])
collectgarbage()
print(next(weakk))

