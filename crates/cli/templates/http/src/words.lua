local words = {}

function words.greet(name: string, loud: boolean): string
    local text = "Hello, " .. name
    return loud and text:upper() .. "!" or text
end

return words
