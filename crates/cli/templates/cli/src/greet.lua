local io = require("io")
local words = require("words")

local function main(name: string?): integer
    io.print(words.greeting(name or "World"))
    return 0
end

return { main = main }
