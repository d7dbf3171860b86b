-- Lua 5.3 manual, section 3.4.7: bytes of a string, border of a sequence.
print(#"", #"abc", #"a\0b", #"\u{20AC}", #{}, #{1, 2, 3}, #{n = 1}, #{1, 2, nil}, #{nil}, #{[1] = 1, [2] = 2})
local t = {}
for i = 1, 100 do t[i] = i end
print(#t) t[100] = nil print(#t) t[#t + 1] = "x" print(#t)
for i = #t, 1, -1 do t[i] = nil end print(#t)
for i = 1, 10 do t[#t + 1] = i end print(#t)
local function count(...) return #{...} end
print(count(), count(1), count(1, 2, 3), -#{1, 2}, #"abc" + 1, not #"", #t == 10)
for _, g in ipairs {function() return #nil end, function() return #5 end, function() local x; return #x end, function() return #undefinedname end, function() local t = {}; return #t.x end, function() return #print end, function() return #true end} do print(pcall(g)) end

