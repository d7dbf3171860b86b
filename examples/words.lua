-- Counts words: patterns, tables and sorting. Reads the files named, or a few lines of its own.

local text = [[
The quick brown fox jumps over the lazy dog. The dog sleeps;
the fox does not. "Quick!" says the fox, and the dog wakes up.
]]

if #arg > 0 then
    local parts = {}
    for i, name in ipairs(arg) do
        local file = assert(io.open(name))
        parts[i] = file:read("a")
        file:close()
    end
    text = table.concat(parts, "\n")
end

local counts = {}
for word in text:lower():gmatch("%a+") do
    counts[word] = (counts[word] or 0) + 1
end

local words = {}
for word in pairs(counts) do
    words[#words + 1] = word
end
table.sort(words, function(a, b)
    if counts[a] ~= counts[b] then
        return counts[a] > counts[b]
    end
    return a < b
end)

for i = 1, math.min(5, #words) do
    local word = words[i]
    print(("%3d  %-8s %s"):format(counts[word], word, ("#"):rep(counts[word])))
end
