local io = require("io")

local function main()
    local jobs, err = process.exec("app:scheduler", "app:processes")
    if err then return nil, err end
    local ids = {}
    for _, job in ipairs(jobs) do ids[#ids + 1] = job.id end
    io.print("jobs: " .. table.concat(ids, ", "))
    for _, job in ipairs(jobs) do
        io.print(job.id .. " ran " .. job.runs .. " times, failed " .. job.failures)
    end
    io.print("report said: " .. jobs[3].result)
    return 0
end

return { main = main }
