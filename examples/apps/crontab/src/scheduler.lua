local registry = require("registry")
local funcs = require("funcs")
local time = require("time")
local logger = require("logger")

-- A schedule in the metadata of a function: how often it runs, and how many times at most.
local function jobs()
    local found = assert(registry.find({ [".kind"] = "function.lua", ["meta.type"] = "cron" }))
    local list = {}
    for _, entry in ipairs(found) do
        list[#list + 1] = { id = entry.id, every = entry.meta.every, times = entry.meta.times, runs = 0, failures = 0 }
    end
    return list
end

local function main()
    local list = jobs()
    local done = channel.new(#list)
    for _, job in ipairs(list) do
        coroutine.spawn(function()
            local ticker = time.ticker(job.every)
            while job.runs < job.times do
                ticker:channel():receive()
                job.runs = job.runs + 1
                local result, err = funcs.new():with_context({ job = job.id, run = job.runs }):call(job.id)
                if err then
                    job.failures = job.failures + 1
                    logger:debug("job failed", { job = job.id, error = err })
                else
                    job.result = result
                end
            end
            ticker:stop()
            done:send(true)
        end)
    end
    for _ = 1, #list do done:receive() end
    return list
end

return { main = main }
