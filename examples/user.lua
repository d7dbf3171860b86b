-- One declaration: checked by `wippy check`, validates data while the program runs, and is a JSON Schema.
type User = {
    name: string @min_len(1),
    age: integer @min(0) @max(150),
    tags?: {string},
}

local json = require("json")

local function adult(user: User): boolean
    return user.age >= 18
end

local data = json.decode('{"name": "Ada", "age": 36, "tags": ["math", 7]}')
print(User:is(data))
data.tags[2] = "engines"
print(adult(User(data)))
print(#User:check({name = "", age = 200}) .. " failures")
print(User:schema().properties.age.maximum)
