-- A small JSON writer and reader: string patterns, recursion and error values, with annotated signatures.

type Json = nil | boolean | number | string | {any} | {[string]: any}

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r" }

local function quote(text: string): string
    return '"' .. text:gsub('[%c"\\]', function(c)
        return escapes[c] or ("\\u%04x"):format(c:byte())
    end) .. '"'
end

local function encode(value: Json): string
    if type(value) == "string" then
        return quote(value)
    elseif type(value) ~= "table" then
        return value == nil and "null" or tostring(value)
    end
    local parts: {string} = {}
    if #value > 0 or next(value) == nil then
        for i, item in ipairs(value) do
            parts[i] = encode(item)
        end
        return "[" .. table.concat(parts, ",") .. "]"
    end
    for key, item in pairs(value) do
        parts[#parts + 1] = quote(tostring(key)) .. ":" .. encode(item)
    end
    table.sort(parts)
    return "{" .. table.concat(parts, ",") .. "}"
end

local literals = { ["true"] = true, ["false"] = false }

-- The value at `at`, and where the text goes on.
local function decode_at(text: string, at: integer): (Json, integer)
    at = text:match("^%s*()", at)
    local first = text:sub(at, at)
    if first == '"' then
        local body, stop = text:match('^"([^"\\]*)"()', at)
        if not body then
            error({ message = "unfinished string", at = at })
        end
        return body, stop
    elseif first == "[" or first == "{" then
        local close = first == "[" and "%]" or "}"
        local result = {}
        at = at + 1
        local stop = text:match("^%s*" .. close .. "()", at)
        while not stop do
            local key = #result + 1
            if first == "{" then
                key, at = decode_at(text, at)
                at = text:match("^%s*:()", at) or error({ message = "':' expected", at = at })
            end
            result[key], at = decode_at(text, at)
            stop = text:match("^%s*" .. close .. "()", at)
            at = stop or text:match("^%s*,()", at) or error({ message = "',' expected", at = at })
        end
        return result, stop
    end
    local word, stop = text:match("^([%w%.%+%-]+)()", at)
    if word == "null" then
        return nil, stop
    elseif word and (literals[word] ~= nil or tonumber(word)) then
        return literals[word] == nil and tonumber(word) or literals[word], stop
    end
    error({ message = "value expected", at = at })
end

local function decode(text: string): (Json, string?)
    local ok, result = pcall(decode_at, text, 1)
    if ok then
        return result
    end
    return nil, ("%s at byte %d"):format(result.message, result.at)
end

print(encode({ name = "wippy", tags = { "lua", "fast" }, stars = 5, open = true, note = 'say "hi"\n' }))

local value: any = decode('{"point": {"x": 1, "y": 2.5}, "list": [1, [2, 3], "four", false]}')
print(value.point.x + value.point.y, #value.list, value.list[2][2])
print(decode('{"a" 1}'))
print(decode("[1, 2"))
