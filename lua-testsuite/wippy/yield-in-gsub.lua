-- Only here: a replacement function of string.gsub, or the `__index` of a replacement table, may yield.
local run, yield = dofile("wippy/modules/driver.lua")
run("function", function() return ("a b c"):gsub("%a", function(c) return yield(c:upper()) end) end)
run("two captures", function() return ("k=v, x=y"):gsub("(%w)=(%w)", function(k, v) yield(k, v) return v .. "=" .. k end) end)
run("table", function() return ("$x $y"):gsub("%$(%w)", setmetatable({}, {__index = function(_, k) return yield("<" .. k .. ">") end})) end)
run("error", function() return pcall(string.gsub, "abc", "b", function(c) error(yield("seen " .. c), 0) end) end)
run("nested", function()
  return (("ab"):gsub("%a", function(c) return (("12"):gsub("%d", function(d) return yield(c .. d) end)) end))
end)
