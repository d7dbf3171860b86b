-- Runs one file of tests: `path` and the source of the module `test` are the arguments.
--
-- A file registers its cases while it runs, or returns the function of `test.run_cases`, alone or as `run` of a table. One
-- that does neither has passed if it did not return false.

local path, module = ...

package.preload.test = assert(load(module, "=test"))
local test = require("test")

local value
local results = test.run_cases(function() value = dofile(path) end)()
if #results.suites > 0 then
    return results
end
if type(value) == "table" then
    value = value.run
end
if type(value) == "function" then
    value = value()
    if type(value) == "table" and value.suites then
        return value
    end
end
if value == false then
    error(path .. ": returned false", 0)
end
return true
