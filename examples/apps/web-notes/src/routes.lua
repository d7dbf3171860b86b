local io = require("io")
local registry = require("registry")

local function main()
    local lines = {}
    for _, entry in ipairs(registry.find({ [".kind"] = "http.endpoint" })) do
        local router = registry.get(entry.meta.router)
        lines[#lines + 1] = { entry.data.method, router.data.prefix .. entry.data.path }
    end
    table.sort(lines, function(a, b)
        return a[2] .. " " .. a[1] < b[2] .. " " .. b[1]
    end)
    for _, line in ipairs(lines) do
        io.print(string.format("%-6s %s", line[1], line[2]))
    end
    return 0
end

return { main = main }
