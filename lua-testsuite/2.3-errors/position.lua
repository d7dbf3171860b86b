-- Lua 5.3 manual, section 2.3 and 6.1 (error): level 1 names the caller of error, level 2 its caller.
local function one() error("m") end
local function two() error("m", 2) end
local function three() error("m", 3) end
print(pcall(one))
print(pcall(function() two() end))
print(pcall(function()
  local function mid() three() end
  mid()
end))
print(pcall(error, "direct"))
print(pcall(error, "direct", 1))
print(pcall(error, "direct", 2))
print(pcall(function() error(12) end))
print(pcall(function() error("12") end))
print(pcall(function() error("far", 50) end))
print(pcall(load("error('in chunk')", "=name")))
print(pcall(load("\n\nerror('in chunk')", "@file.lua")))
print(pcall(load("error('in chunk')", "some source text")))
print(pcall(load("error('in chunk')", "first line\nsecond line")))

