-- Three sorts run side by side, one comparison each in turn. The comparison function of `table.sort` yields:
-- in wippy a coroutine may pause anywhere, also inside a comparator, a metamethod, `gsub` or `require`.

local function sorting(name, list)
    return coroutine.wrap(function()
        local comparisons = 0
        table.sort(list, function(a, b)
            comparisons = comparisons + 1
            coroutine.yield()
            return a < b
        end)
        return name, comparisons
    end)
end

local function shuffled(count, seed)
    local list = {}
    for i = 1, count do
        list[i] = i
    end
    for i = count, 2, -1 do
        seed = (seed * 1103515245 + 12345) % 2147483648
        local j = seed % i + 1
        list[i], list[j] = list[j], list[i]
    end
    return list
end

local running = {
    sorting("ten", shuffled(10, 1)),
    sorting("a hundred", shuffled(100, 2)),
    sorting("a thousand", shuffled(1000, 3)),
}

local place = 0
while #running > 0 do
    for i = #running, 1, -1 do
        local name, comparisons = running[i]()
        if name then
            place = place + 1
            assert(comparisons > 0)
            print(("%d. %s numbers sorted"):format(place, name))
            table.remove(running, i)
        end
    end
end
