-- What the prompt remembers between two inputs: local variables that outlive the chunk they were declared in.
--
-- Each input is compiled inside a function whose upvalues stand for the variables known so far; before it runs, they are
-- joined to the upvalues of `holder`, the last function that saw them all. Everything needed is kept in locals here, so a
-- program that changes the library does no harm.

local load, join, upvalue = load, debug.upvaluejoin, debug.getupvalue

local holder
local places = {}

local session = { kept = 0 }

local function keep(closure)
    holder, places = closure, {}
    local index = 1
    while true do
        local name = upvalue(closure, index)
        if not name then
            break
        end
        places[name] = index
        index = index + 1
    end
    session.kept = session.kept + 1
end

-- Runs a chunk that answers with the function to call; that function is given `keep`, to be called with a closure over
-- all variables at its end.
function session.run(text, name)
    local make, message = load(text, name, "t")
    if not make then
        return nil, message
    end
    local body = make()
    local index = 1
    while true do
        local variable = upvalue(body, index)
        if not variable then
            break
        end
        if places[variable] then
            join(body, index, holder, places[variable])
        end
        index = index + 1
    end
    return body(keep)
end

-- The variables and their values.
function session.variables()
    local values = {}
    for name, place in next, places do
        local _, value = upvalue(holder, place)
        values[name] = value
    end
    return values
end

return session
