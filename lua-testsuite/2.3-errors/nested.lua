-- Lua 5.3 manual, section 2.3: protected calls nest; an inner failure does not disturb the outer call.
print(pcall(pcall, error, "e"))
print(pcall(pcall, pcall, error, "e"))
local log = {}
local ok, e = pcall(function()
  log[#log + 1] = "a"
  local ok2, e2 = pcall(function()
    log[#log + 1] = "b"
    error("inner", 0)
  end)
  log[#log + 1] = e2
  error("outer:" .. e2, 0)
end)
print(ok, e, table.concat(log, ","))
local function rec(n) if n == 0 then error("bottom", 0) end; local r, m = pcall(rec, n - 1); error(m .. n, 0) end
print(pcall(rec, 9))

