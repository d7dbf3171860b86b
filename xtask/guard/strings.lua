-- Strings: patterns, formats, buffers, bytes.
local text, n = ("the quick brown fox jumps over the lazy dog, "):rep(60), 0
for word in text:gmatch("%a+") do n = n + #word end
local _, vowels = text:gsub("[aeiou]", {a = "A", e = "E"})
local _, calls = text:gsub("(%w+) (%w+)", function(a, b) return b .. a end)
local parts = {}
for i = 1, 4000 do parts[#parts + 1] = ("%d:%s;%5.2f"):format(i, "x", i / 4) .. tostring(i) end
local joined = table.concat(parts, ",")
for i = 1, 20000 do n = n + joined:byte(i) end
for i = 1, 3000 do if joined:sub(i, i) == ":" then n = n + joined:find(";", i, true) end end
assert(n == 1432816 and vowels == 660 and calls == 240, n .. " " .. vowels .. " " .. calls)
