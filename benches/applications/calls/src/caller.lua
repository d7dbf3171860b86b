-- Calls a function again and again and looks at each answer.
local funcs = require("funcs")

local function main(target, count)
    for i = 1, count do
        if funcs.call(target, i, 1) ~= i + 1 then
            error("wrong answer")
        end
    end
end

return { main = main }
