-- Lua 5.3 manual, section 2.4: metatables give classes and inheritance.
local Animal = {}
Animal.__index = Animal
function Animal.new(name) return setmetatable({name = name}, Animal) end
function Animal:speak() return self.name .. " makes a sound" end
function Animal:__tostring() return "Animal(" .. self.name .. ")" end
local Dog = setmetatable({}, {__index = Animal})
Dog.__index = Dog
Dog.__tostring = Animal.__tostring
function Dog.new(name) local d = Animal.new(name); return setmetatable(d, Dog) end
function Dog:speak() return Animal.speak(self) .. ": woof" end
local a, d = Animal.new("cat"), Dog.new("rex")
print(a:speak(), d:speak(), tostring(a), tostring(d))
print(getmetatable(d) == Dog, rawget(d, "speak"), d.speak == Dog.speak)
print(pcall(function() return d:fly() end))
print(pcall(function() return d.owner.name end))

