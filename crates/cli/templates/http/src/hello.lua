local http = require("http")
local words = require("words")

-- Answers GET /api/hello/{name}. What is returned becomes JSON.
local function main()
    local request = http.request()
    local name = request:param("name")
    return { greeting = words.greet(name, request:query("loud") ~= nil) }
end

return { main = main }
