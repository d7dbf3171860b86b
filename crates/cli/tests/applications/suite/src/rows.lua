-- Runs named rows one after the other and answers what failed: an empty list when all is well.
local rows = {}

function rows.run(list)
    local failed = {}
    for _, row in ipairs(list) do
        local name, check = row[1], row[2]
        local ok, err = xpcall(check, function(e) return tostring(e) end)
        if not ok then failed[#failed + 1] = name .. ": " .. err end
    end
    return {rows = #list, failed = failed}
end

-- Asserts that a call answered nil and an error of this kind, and answers the error.
function rows.fails(kind, value, err)
    assert(value == nil or value == false, "expected a failure, got " .. tostring(value))
    assert(type(err) == "userdata", "no error object but " .. type(err))
    if err:kind() ~= kind then error("kind " .. err:kind() .. " instead of " .. kind .. ": " .. err:message(), 2) end
    return err
end

function rows.eq(got, wanted)
    if got ~= wanted then error("got " .. tostring(got) .. ", wanted " .. tostring(wanted), 2) end
end

return rows
