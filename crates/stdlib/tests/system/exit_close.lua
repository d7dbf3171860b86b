-- Lua 5.3 manual, 6.9: os.exit with close
kept = setmetatable({}, {__gc = function() print("closed") end})
xpcall(function() os.exit(5, true) end, print)
print("not reached")
