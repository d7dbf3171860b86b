-- A sieve of coroutines: each one filters the multiples of its prime out of the numbers before it.

local function numbers(from)
    return coroutine.wrap(function()
        for n = from, math.huge do
            coroutine.yield(n)
        end
    end)
end

local function without_multiples(of, source)
    return coroutine.wrap(function()
        for n in source do
            if n % of ~= 0 then
                coroutine.yield(n)
            end
        end
    end)
end

local source = numbers(2)
local primes = {}
for i = 1, 25 do
    local prime = source()
    primes[i] = prime
    source = without_multiples(prime, source)
end

print(table.concat(primes, " "))
