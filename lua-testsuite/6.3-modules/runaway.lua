-- Lua 5.3 manual, section 6.3 (require): a module that is required while it is loaded is loaded again; that ends with an error.
package.path = "./6.3-modules/modules/?.lua" package.cpath = ""
print((pcall(require, "requires_itself")), package.loaded.requires_itself)
local depth = 0
package.preload.deeper = function() depth = depth + 1 return depth < 30 and {require("deeper")} or "end" end
print(type(require("deeper")), depth)
