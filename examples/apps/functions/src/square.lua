local time = require("time")

local function square(n)
    if type(n) ~= "number" then
        return nil, errors.new { message = "not a number: " .. tostring(n), kind = errors.INVALID }
    end
    time.sleep("5ms")
    return n * n
end

return { square = square }
