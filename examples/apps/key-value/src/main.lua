local io = require("io")
local store = require("store")

local function main()
    io.print("greeting", store.get("greeting"))
    store.put("list", { 1, 2, 3 })
    io.print("list", #store.get("list"))
    store.delete("list")
    io.print("list", store.get("list"))
    return 0
end

return { main = main }
