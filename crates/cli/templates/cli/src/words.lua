local words = {}

function words.greeting(name: string): string
    return "Hello, " .. name .. "!"
end

return words
