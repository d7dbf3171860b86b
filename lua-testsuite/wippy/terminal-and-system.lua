-- Only here: what scripts have besides the standard io, the logger and the system.
assert(io.print("a", 1, nil, true) == true)
assert(io.print() and io.print(setmetatable({}, {__tostring = function() return "object" end}), errors.new("e")))
assert(type(io.args()) == "table" and #io.args() == 0 and require("io") == io)
local ok, e = io.raw() assert(ok == nil and e:kind() == errors.UNAVAILABLE)
io.write("standard\n")

local system = require("system")
local s = system.memory.stats()
assert(s.alloc > 0 and s.num_gc >= 0 and math.type(s.sys) == "integer" and s.mspan_sys == 0)
local before = system.memory.stats().heap_alloc
local keep = {} for i = 1, 10000 do keep[i] = {i} end
assert(system.memory.allocated() > before and system.memory.heap_objects() > 0 and system.gc.collect() == true)
assert(system.runtime.cpu_count() >= 1 and system.runtime.goroutines() >= 1 and system.process.pid() > 0)
assert(#system.process.hostname() > 0 and #system.process.cwd() > 0)
assert(system.gc.set_percent(150) == 100 and system.gc.get_percent() == 150)
local names = {} for _, m in ipairs(system.modules()) do names[m.name] = m.description end
assert(names.json and names.time and names.system)
local _, e = system.hosts.processes("") assert(e:kind() == errors.INVALID and e:message() == "host ID required")
_, e = system.supervisor.state("") assert(e:message() == "service ID required")
_, e = system.supervisor.states() assert(e:kind() == errors.UNAVAILABLE)

local logger = require("logger")
assert(type(logger) == "userdata" and type(logger:with({a = 1})) == "userdata")
ok, e = pcall(logger.named, logger, "") assert(not ok and e:find("name cannot be empty"))
ok, e = pcall(logger.info, logger) assert(not ok and e:find("string expected"))
ok, e = pcall(logger.info, logger, "m", 1) assert(not ok and e:find("table expected"))
print("ok")
