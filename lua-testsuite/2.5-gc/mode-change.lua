-- Lua 5.3 manual, section 2.5.2: __mode is a string that contains 'k' or 'v'; anything else is strong.
local function survivors(mode)
  local t = setmetatable({}, {__mode = mode})
  t[1] = {}
  t[{}] = true
  collectgarbage()
  local n = 0
  for _ in pairs(t) do n = n + 1 end
  return n
end
print(survivors(nil), survivors("k"), survivors("v"), survivors("kv"), survivors("vk"), survivors("x"), survivors(""))

