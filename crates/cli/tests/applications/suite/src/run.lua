-- Finds every function of type `test` and calls it, as a test runner of an application would.
local function main(only)
    local entries, err = registry.find({["meta.type"] = "test"})
    if err then return nil, err end
    local bad = 0
    for _, entry in ipairs(entries) do
        if not only or entry.id:find(only, 1, true) then
            local report, failure = funcs.call(entry.id)
            if failure then
                bad = bad + 1
                io.print(entry.id, "FAILED", failure:message())
            else
                io.print(entry.id, report.rows, #report.failed == 0 and "ok" or "FAILED")
                for _, line in ipairs(report.failed) do bad = bad + 1; io.print("  " .. line) end
            end
        end
    end
    return bad > 0 and 1 or 0
end
return {main = main}
