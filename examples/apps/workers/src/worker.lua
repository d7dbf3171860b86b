-- Does one piece of work; the first attempt at an even one fails.
local function main(number, attempt)
    if number % 2 == 0 and attempt == 1 then
        error("worker " .. number .. " is not in the mood")
    end
    return number * 10
end

return { main = main }
