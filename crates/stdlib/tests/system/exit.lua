-- Lua 5.3 manual, 6.9: os.exit
kept = setmetatable({}, {__gc = function() print("not run without close") end})
io.write("flushed")
pcall(function()
  coroutine.wrap(function() os.exit(false) end)()
end)
print("not reached")
