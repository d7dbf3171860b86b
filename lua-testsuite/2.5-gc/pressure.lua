-- Lua 5.3 manual, section 2.5: garbage is reclaimed without being asked for.
local peak = 0
for i = 1, 200000 do
  local t = {i, tostring(i)}
  if i % 1000 == 0 then peak = math.max(peak, collectgarbage("count")) end
end
print(peak < 20000)
local s = ""
for i = 1, 2000 do s = s .. "0123456789" end
collectgarbage()
print(#s, collectgarbage("count") < 20000)
local gcs = 0
local function sentinel() setmetatable({}, {__gc = function() gcs = gcs + 1; if gcs < 3 then sentinel() end end}) end
sentinel()
while gcs < 3 do local _ = {} end
print(gcs)

