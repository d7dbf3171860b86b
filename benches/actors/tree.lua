-- Ten children each, down to depth 0; tells its parent how many leaves there are below.
local parent, depth = ...
if depth == 0 then
    process.send(parent, "leaves", 1)
    return
end
local me, inbox, sum = process.pid(), process.inbox(), 0
for _ = 1, 10 do process.spawn("tree.lua", nil, me, depth - 1) end
for _ = 1, 10 do sum = sum + inbox:receive():payload():data() end
process.send(parent, "leaves", sum)
