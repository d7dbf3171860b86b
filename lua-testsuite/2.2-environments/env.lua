-- Lua 5.3 manual, section 2.2: a free name x means _ENV.x.
x = 10
print(_ENV == _G, _G._G == _G, _ENV.x, _G["x"])
do
  local _ENV = {print = print}
  y = 5
  print(y, x, _ENV.y)
end
print(y)
local function sandbox(_ENV) return a end
print(sandbox({a = "inner"}), pcall(sandbox, nil))
local function set(_ENV, v) b = v; return _ENV end
print(set({}, 3).b)
print(pcall(function() local _ENV = nil; return z end))
print(pcall(function() local _ENV = 5; z = 1 end))

