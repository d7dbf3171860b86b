-- Lua 5.3 manual, section 3.2 and 3.5: globals, locals, fields.
x = "global"
local function see() return x end
local x = "local"
print(x, see(), _ENV.x)
do local x = "inner"; print(x) do local x = x .. "+"; print(x) end print(x) end
print(x)
local x = x .. " again"
print(x)
print(select(2, load('local a <const> = nil', '=v')))
