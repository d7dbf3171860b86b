-- A calculator with its own operator precedences: closures, string patterns, and errors with a position.

local binary = {
    ["+"] = { 1, function(a, b) return a + b end },
    ["-"] = { 1, function(a, b) return a - b end },
    ["*"] = { 2, function(a, b) return a * b end },
    ["/"] = { 2, function(a, b) return a / b end },
    ["%"] = { 2, function(a, b) return a % b end },
    ["^"] = { 3, function(a, b) return a ^ b end },
}

local function evaluate(text)
    local at = 1

    local function next_token(pattern)
        local token, stop = text:match("^%s*(" .. pattern .. ")()", at)
        if token then
            at = stop
        end
        return token
    end

    local expression

    local function operand()
        if next_token("%-") then
            return -operand()
        elseif next_token("%(") then
            local value = expression(0)
            if not next_token("%)") then
                error(("')' expected at %d"):format(at), 0)
            end
            return value
        end
        return tonumber(next_token("%d+%.?%d*")) or error(("number expected at %d"):format(at), 0)
    end

    function expression(least)
        local left = operand()
        while true do
            local before = at
            local operator = binary[next_token("[-+*/%%^]")]
            if not operator or operator[1] <= least then
                at = before
                return left
            end
            left = operator[2](left, expression(operator[1]))
        end
    end

    local value = expression(0)
    if text:find("%S", at) then
        error(("end expected at %d"):format(at), 0)
    end
    return value
end

for _, text in ipairs({ "1 + 2 * 3", "(1 + 2) * 3", "-2 ^ 2", "7 % 4 / 2", "1 + ", "2 * (3 + 4" }) do
    local ok, result = pcall(evaluate, text)
    print(("%-14s %s"):format(text, ok and result or "error: " .. result))
end
