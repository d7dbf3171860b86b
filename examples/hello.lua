-- Greets whoever is named on the command line: wippy examples/hello.lua Ada Grace

local names = { ... }
if #names == 0 then
    names = { "world" }
end

for _, name in ipairs(names) do
    print(("Hello, %s!"):format(name))
end
