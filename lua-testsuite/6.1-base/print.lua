-- Lua 5.3 manual, section 6.1 (print): tabs between, newline after, tostring of each argument.
print() print(nil) print(1, 2.0, "a", true, nil) print("a\tb", "c\nd", "nul\0byte") print((print("inner"))) print(select("#", print()))
print(setmetatable({}, {__tostring = function() return "custom" end})) print(pcall(print, setmetatable({}, {__tostring = function() return {} end})))
local old = tostring tostring = function(v) return "<" .. old(v) .. ">" end print("uses global tostring", 1) 
local results = {}
tostring = nil results[1] = table.pack(pcall(print, 1))
tostring = function() return {} end results[2] = table.pack(pcall(print, 1))
tostring = function() return nil end results[3] = table.pack(pcall(print, "x"))
tostring = old
for _, r in ipairs(results) do print(table.unpack(r)) end
print(("x"):rep(1000):len(), ("y"):rep(3))

