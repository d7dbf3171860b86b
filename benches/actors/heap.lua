-- Holds 500 MB in four million tables and goes on making new ones in their place.
local tables, count = {}, 4000000
for i = 1, count do tables[i] = {i, i + 0.5} end
process.send("ticker", "ready")
while true do
    for i = 1, count do tables[i] = {i, i} end
end
