-- Modules, imports, the logger, the terminal out of reach, the system: row by row.
local rows = require("rows")
local eq, fails = rows.eq, rows.fails

local list = {
    {"require and global", function() assert(require("time") == time and require("json") == json and require("a") == a) end},
    {"one alias, two targets", function() eq(a.name(), "a"); eq(require("b").name(), "b"); assert(not pcall(require, "util")) end},
    {"not declared", function() local ok, e = pcall(require, "yaml"); assert(not ok and tostring(e):find("module 'yaml' not found"), tostring(e)); assert(not pcall(require, 5)); assert(yaml == nil) end},
    {"modules are read-only", function() for _, m in ipairs{json, time, funcs, system, hash, logger} do assert(not pcall(function() m.x = 1 end)) end end},
    {"no way out", function()
        for _, name in ipairs{"load", "debug", "io_open", "dofile", "loadfile", "collectgarbage"} do assert(rawget(_G, name) == nil) end
        assert(getmetatable("").__index == string or getmetatable("") == nil or getmetatable("") == false); eq(package.loaded, nil); eq(package.preload, nil)
    end},
    {"a module of a later release", function() local e = fails(errors.UNAVAILABLE, funcs.call("suite.base:later")) end},
    {"stream", function() eq(next(stream), nil) end},
    {"logger", function()
        eq(select("#", logger:info("m", {a = 1})), 0); logger:debug("m"); logger:warn("m", {error = errors.new("x")}); local t = {error = "e"}; logger:with({a = {b = {1, 2}}}):named("n"):named("m"):error("m", t); eq(t.error, "e"); assert(not pcall(function() logger:named("") end)); assert(not pcall(function() logger:info() end)); local c = {}; c.c = c; logger:info("cycle", c)
    end},
    {"print", function() print("a", nil, 1, setmetatable({}, {__tostring = function() return "shown" end})); print() end},
    {"io without terminal", function()
        for _, f in ipairs{"write", "print", "eprint", "flush", "read", "readline", "raw"} do eq(fails(errors.UNAVAILABLE, io[f]("x")):message(), "no terminal context") end
        eq(#io.args(), 0)
    end},
    {"system", function()
        local s = system.memory.stats(); for _, k in ipairs{"alloc", "total_alloc", "sys", "heap_alloc", "heap_sys", "heap_idle", "heap_in_use", "heap_released", "heap_objects", "stack_in_use", "stack_sys", "mspan_in_use", "mspan_sys", "num_gc", "next_gc"} do eq(math.type(s[k]), "integer") end; assert(s.alloc > 0 and s.num_gc >= 0)
        eq(math.type(system.memory.allocated()), "integer"); eq(math.type(system.memory.heap_objects()), "integer"); eq(system.gc.collect(), true); assert(system.runtime.cpu_count() >= 1 and system.runtime.goroutines() >= 1); assert(system.process.pid() > 0 and #system.process.hostname() > 0 and system.process.cwd():sub(1, 1) == "/")
    end},
    {"hosts and services", function()
        local ids = {}; for _, h in ipairs(assert(system.hosts.list())) do ids[h.id] = h; for _, k in ipairs{"workers", "processes", "executed", "stolen", "queue_depth"} do eq(math.type(h[k]), "integer") end end; assert(ids["suite:processes"])
        local p = assert(process.spawn("suite.process:waits", "suite:processes")); local found; repeat for _, e in ipairs(assert(system.hosts.processes("suite:processes"))) do if e.pid == p then found = e end end until found.source ~= ""; eq(found.source, "suite.process:waits"); eq(found.host, "suite:processes"); eq(found.actor_id, nil); process.terminate(p)
        eq(fails(errors.INVALID, system.hosts.processes("")):message(), "host ID required"); eq(fails(errors.INVALID, system.supervisor.state("")):message(), "service ID required")
        local st = assert(system.supervisor.state("suite:processes")); eq(st.id, "suite:processes"); eq(st.status, "Running"); assert(#system.supervisor.states() >= 2)
    end},
    {"encodings", function() eq(json.encode({1, {a = "b"}}), '[1,{"a":"b"}]'); eq(json.decode('{"a":[1,2.5,null,true]}').a[2], 2.5); fails(errors.INTERNAL, json.decode("{")); eq(base64.decode(base64.encode("\0x")), "\0x"); eq(hash.sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"); assert(#uuid.v4() == 36) end},
}

return {run = function() return rows.run(list) end}
