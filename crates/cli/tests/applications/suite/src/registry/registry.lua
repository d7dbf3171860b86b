-- Reading, searching, changing and going back: spec of the registry, row by row.
local rows = require("rows")
local eq, fails = rows.eq, rows.fails

local function ids(filter)
    local names = {}
    for _, e in ipairs(assert(registry.find(filter))) do names[#names + 1] = e.id:match(":(.*)") end
    return table.concat(names, ",")
end
local function here(filter) filter[".ns"] = "suite.registry"; filter[".kind"] = "registry.entry"; return ids(filter) end
local function twice(n) return {id = "suite.registry:twice", kind = "function.lua", meta = {}, data = {source = "return {run = function(x) return " .. n .. " * x end}", method = "run"}} end

local list = {
    {"get", function()
        local e = registry.get("suite.registry:plain"); eq(e.id, "suite.registry:plain"); eq(e.kind, "registry.entry"); eq(e.meta.type, "sample"); eq(e.meta.owner, "tests"); eq(e.data.value.b[2], 2); eq(e.data.size, 2.5); eq(math.type(e.data.value.a), "integer"); eq(e.meta["dotted.key"], "yes-it-is")
        eq(registry.get("suite.registry:second").data, "text"); e.meta.type = "changed"; eq(registry.get("suite.registry:plain").meta.type, "sample")
        eq(fails(errors.NOT_FOUND, registry.get("no:pe")):message(), "entry not found: no:pe"); assert(not pcall(registry.get))
    end},
    {"get of a function", function() local e = registry.get("suite.funcs:add"); eq(e.kind, "function.lua"); eq(e.data.method, "run"); assert(e.data.source:find("a + b", 1, true)) end},
    {"find all", function() assert(#registry.find() > 20 and #registry.find({}) == #registry.find()); eq(#registry.find({kind = "x"}), #registry.find({})); assert(#registry.find({[".kind"] = "function.lua", [".ns"] = "suite.funcs"}) >= 1); eq(#registry.find({[".name"] = "nothing-like-it"}), 0) end},
    {"find attributes", function() eq(here{}, "plain,second,third"); eq(ids{[".id"] = "suite.registry:t*"}, "third"); eq(ids{[".name"] = "*econ*", [".ns"] = "suite.reg*"}, "second"); eq(here{[".nothing"] = "x"}, "plain,second,third"); eq(ids{[".ns"] = "suite.registry", [".kind"] = "registry.*"}, "plain,second,third") end},
    {"find by meta", function()
        eq(here{["meta.type"] = "sample"}, "plain,second"); eq(here{meta = {type = "sample"}}, "plain,second"); eq(here{["meta.type"] = "sample", ["meta.rank"] = 2}, "second"); eq(here{["meta.rank"] = 1.0}, "plain"); eq(here{["meta.flag"] = true}, "second"); eq(here{["meta.none"] = "x"}, ""); eq(here{["meta.dotted.key"] = "yes-it-is"}, "plain")
        for _, e in ipairs(registry.find({["meta.type"] = "test"})) do assert(e.meta.type == "test") end
    end},
    {"find in lists", function() eq(here{["meta.tags"] = {"green"}}, "plain,second"); eq(here{["meta.tags"] = {"green", "red"}}, "plain"); eq(here{["meta.tags"] = "green"}, ""); eq(here{["*meta.tags"] = "blu"}, "second") end},
    {"find in texts", function() eq(here{["~meta.title"] = "^(First|Second)"}, "plain,second"); eq(here{["*meta.title"] = "sample"}, "plain,second"); eq(here{["^meta.title"] = "Th"}, "third"); eq(here{["$meta.title"] = "sample"}, "plain,second"); eq(here{["~meta.title"] = "("}, "plain,second,third") end},
    {"parse_id", function() local i = registry.parse_id("a.b:c"); assert(i.ns == "a.b" and i.name == "c"); i = registry.parse_id("x"); assert(i.ns == "" and i.name == "x"); i = registry.parse_id("a:b:c"); assert(i.ns == "a" and i.name == "b:c") end},
    {"snapshot", function()
        local s, e = registry.snapshot(); eq(e, nil); assert(#s:entries() > 20); eq(s:get("suite.registry:plain").meta.rank, 1); eq(#s:find({["meta.type"] = "sample"}), 2); eq(#s:namespace("suite.registry"), 4); fails(errors.NOT_FOUND, s:get("no:pe")); eq(math.type(s:version():id()), "integer")
    end},
    {"version", function()
        local v = registry.current_version(); eq(math.type(v:id()), "integer"); eq(type(v:string()), "string"); assert(tostring(v):find("^registry.Version{"))
        local all = registry.versions(); eq(all[#all]:id(), v:id()); eq(v:next(), nil)
    end},
    {"create live function", function()
        local snap = registry.snapshot(); local before = registry.current_version():id()
        local v = assert(snap:changes():create(twice(2)):apply()); eq(v:id(), before + 1); eq(funcs.call("suite.registry:twice", 4), 8)
        assert(registry.snapshot():changes():update(twice(3)):apply()); eq(funcs.call("suite.registry:twice", 4), 12)
        eq(select(2, snap:get("suite.registry:twice")):kind(), errors.NOT_FOUND); eq(v:previous():id(), before); eq(v:next():id(), before + 2)
        assert(registry.snapshot():changes():delete("suite.registry:twice"):apply()); fails(errors.NOT_FOUND, funcs.call("suite.registry:twice"))
    end},
    {"delete by table", function() assert(registry.snapshot():changes():create(twice(2)):apply()); assert(registry.snapshot():changes():delete({ns = "suite.registry", name = "twice"}):apply()); fails(errors.NOT_FOUND, registry.get("suite.registry:twice")) end},
    {"empty changes", function() eq(fails(errors.INVALID, registry.snapshot():changes():apply()):message(), "no changes to apply") end},
    {"change misuse", function()
        local c = registry.snapshot():changes(); eq(fails(errors.INVALID, c:create{kind = "x"}):message(), "entry must have valid id field"); eq(fails(errors.INVALID, c:create{id = "a:b"}):message(), "entry must have kind field"); eq(fails(errors.INVALID, c:delete(5)):message(), "invalid ID format"); eq(#c:ops(), 0)
        eq(c:create(twice(2)), c); eq(#c:ops(), 1); eq(c:ops()[1].kind, "entry.create"); eq(c:ops()[1].entry.id, "suite.registry:twice")
    end},
    {"refused changes change nothing", function()
        local before = registry.current_version():id()
        fails(errors.ALREADY_EXISTS, registry.snapshot():changes():create{id = "suite.registry:plain", kind = "registry.entry"}:apply()); fails(errors.NOT_FOUND, registry.snapshot():changes():update(twice(1)):apply()); fails(errors.NOT_FOUND, registry.snapshot():changes():delete("suite.registry:nope"):apply())
        local c = registry.snapshot():changes(); c:create(twice(2)); c:create{id = "suite.registry:bad", kind = "function.lua", data = {source = "return {", method = "run"}}; local _, e = c:apply(); assert(e, "no error"); eq(registry.current_version():id(), before); fails(errors.NOT_FOUND, funcs.call("suite.registry:twice", 1))
        _, e = registry.snapshot():changes():create{id = "suite.registry:bad", kind = "no.such.kind"}:apply(); assert(e and e:message():find("no.such.kind", 1, true), tostring(e))
    end},
    {"two operations on one id", function() local c = registry.snapshot():changes(); c:create(twice(2)); c:update(twice(5)); assert(c:apply()); eq(funcs.call("suite.registry:twice", 1), 5); c = registry.snapshot():changes(); c:delete("suite.registry:twice"); assert(c:apply()) end},
    {"process entries", function() assert(registry.snapshot():changes():create{id = "suite.registry:p", kind = "process.lua", meta = {}, data = {source = "return {main = function() return 5 end}", method = "main"}}:apply()); eq(process.exec("suite.registry:p", "suite:processes"), 5); assert(registry.snapshot():changes():delete("suite.registry:p"):apply()); fails(errors.NOT_FOUND, process.spawn("suite.registry:p", "suite:processes")) end},
    {"bus", function()
        local s = events.subscribe("registry", "entry.*"); local data = {id = "suite.registry:d", kind = "registry.entry", meta = {}, data = {}}
        registry.snapshot():changes():create(data):apply(); registry.snapshot():changes():update(data):apply(); registry.snapshot():changes():delete("suite.registry:d"):apply()
        for _, kind in ipairs{"entry.create", "entry.update", "entry.delete"} do local e = s:channel():receive(); eq(e.kind, kind); eq(e.path, "suite.registry:d"); eq(e.system, "registry") end
        s:close()
    end},
    {"history", function()
        local h, e = registry.history(); eq(e, nil); local now = registry.current_version(); eq(#h:versions(), #registry.versions()); eq(h:get_version(now:id()):id(), now:id()); eq(#h:snapshot_at(now):entries(), #registry.snapshot():entries())
        fails(errors.NOT_FOUND, h:get_version(999999)); fails(errors.INVALID, registry.snapshot_at(0)); eq(fails(errors.NOT_FOUND, registry.snapshot_at(999999)):message(), "version not found"); eq(#registry.snapshot_at(now:id()):entries(), #registry.snapshot():entries())
    end},
    {"apply_version, build_delta", function()
        local before = registry.current_version(); assert(registry.snapshot():changes():create(twice(2)):apply()); local after = registry.current_version()
        local d = registry.build_delta(before, after); eq(#d, 1); eq(d[1].kind, "entry.create"); eq(d[1].entry.id, "suite.registry:twice"); eq(registry.build_delta(after, before)[1].kind, "entry.delete")
        eq(registry.apply_version(before), true); fails(errors.NOT_FOUND, registry.get("suite.registry:twice")); fails(errors.NOT_FOUND, funcs.call("suite.registry:twice", 1))
    end},
}

return {run = function() return rows.run(list) end}
