-- What happens to users; who cares for it subscribes.
local events = require("events")

local users = {}

function users.create(id, name)
    events.send("users", "user.created", "/users/" .. id, { name = name })
end

function users.delete(id)
    events.send("users", "user.deleted", "/users/" .. id)
end

return users
