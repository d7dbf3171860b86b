local time = require("time")

local client = {}
local number = 0

local function ask(request)
    while not process.registry.lookup("store") do
        time.sleep("5ms")
    end
    number = number + 1
    request.number = number
    local answers = process.listen("answer")
    assert(process.send("store", "request", request))
    local late = time.after("10s")
    while true do
        local r = channel.select { answers:case_receive(), late:case_receive() }
        if r.channel == late then
            return nil, errors.new { message = "the store does not answer", kind = errors.TIMEOUT }
        elseif r.value.number == number then
            return r.value.value
        end
    end
end

function client.get(key) return ask { op = "get", key = key } end
function client.put(key, value) return ask { op = "put", key = key, value = value } end
function client.delete(key) return ask { op = "delete", key = key } end

return client
