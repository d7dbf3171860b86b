local http = require("http")
local notes = require("notes")

local api = {}

local function fails(status, why)
    local response = http.response()
    response:set_status(status)
    response:write_json({ error = why })
end

-- A value that is returned is the answer, as JSON.
function api.list()
    return notes.ask({ ask = "list" })
end

function api.add()
    local body, err = http.request():body_json()
    if err then
        return fails(http.STATUS.BAD_REQUEST, err:message())
    end
    if type(body) ~= "table" or type(body.text) ~= "string" then
        return fails(http.STATUS.UNPROCESSABLE, "text is required")
    end
    local note, why = notes.ask({ ask = "add", text = body.text })
    if not note then
        return nil, why
    end
    local response = http.response()
    response:set_status(http.STATUS.CREATED)
    response:set_header("Location", "/api/notes/" .. note.id)
    response:write_json(note)
end

local function one(ask)
    local id = math.tointeger(tonumber(http.request():param("id")))
    local note, why = notes.ask({ ask = ask, id = id or 0 })
    if note == nil then
        return nil, why
    end
    if not note then
        return fails(http.STATUS.NOT_FOUND, "no such note")
    end
    return note
end

function api.show()
    return one("get")
end

function api.remove()
    return one("remove")
end

return api
