local io = require("io")
local env = require("env")

local function show(name, value, err)
    io.print(name .. ": " .. (value or "[" .. err:message() .. "]"))
end

local function main()
    show("greeting", env.get("GREETING"))
    show("level", env.get("LEVEL"))
    show("home", env.get("PATH") and "known")
    show("tuning", env.get("TUNING"))
    env.set("GREETING", "Good day")
    show("after set", env.get("GREETING"))
    local _, err = env.set("SECRET", "known")
    show("secret", nil, err)
    return 0
end

return { main = main }
