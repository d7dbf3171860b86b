local io = require("io")
local funcs = require("funcs")

local function main()
    io.print("7 squared is", funcs.call("app:square", 7))

    local _, err = funcs.call("app:square", "x")
    io.print("error:", err:kind(), err:message())

    -- Several calls at once; the results come as they are asked for.
    local futures = {}
    for n = 1, 5 do
        futures[n] = funcs.async("app:square", n)
    end
    local squares = {}
    for n, future in ipairs(futures) do
        local payload = future:channel():receive()
        squares[n] = payload:data()
    end
    io.print("squares:", table.concat(squares, " "))
    return 0
end

return { main = main }
