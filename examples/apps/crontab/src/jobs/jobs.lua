local ctx = require("ctx")

local jobs = {}

function jobs.cleanup() return ctx.get("job") end

function jobs.report() return 6 * ctx.get("run") .. " visits" end

function jobs.backup()
    return nil, errors.new { message = "disk is full", kind = errors.UNAVAILABLE, retryable = true }
end

return jobs
