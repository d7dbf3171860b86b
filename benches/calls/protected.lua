-- pcall and error: calls that succeed, errors with strings, tables and positions, nested handlers.
local function work(i)
  if i % 4 == 0 then error("multiple of four") end
  if i % 7 == 0 then error({code = i}) end
  if i % 9 == 0 then local t = nil return t.x end
  return i
end
local good, strings, tables, sum = 0, 0, 0, 0
for i = 1, 400000 do
  local ok, e = pcall(work, i)
  if ok then good = good + 1 sum = sum + e elseif type(e) == "table" then tables = tables + e.code else strings = strings + #e end
end
local function nested(n) if n == 0 then error("deep", 0) end local ok, e = pcall(nested, n - 1) error(e, 0) end
for _ = 1, 5000 do local ok, e = pcall(nested, 20) assert(e == "deep") end
for i = 1, 50000 do sum = sum + select(2, xpcall(work, function(m) return 1 end, i)) end
print("protected", good, tables, sum)
assert(good == 228572 and tables == 8571371431 and sum == 46428800039)
