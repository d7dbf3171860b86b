-- Actors, scopes, policies and what they guard: spec of security, row by row.
local rows = require("rows")
local eq, fails = rows.eq, rows.fails
local S = "suite.security:"

local list = {
    {"nobody", function() assert(security.actor() == nil and security.scope() == nil and security.can("a", "b") == false); eq(security.new_scope():evaluate(security.new_actor("u"), "a", "b"), "undefined") end},
    {"actor", function() local a = security.new_actor("u1", {role = "admin", deep = {n = 1}}); eq(a:id(), "u1"); eq(a:meta().role, "admin"); a:meta().role = "x"; eq(a:meta().role, "admin"); eq(a:meta().deep.n, 1); eq(type(security.new_actor("u"):meta()), "table"); eq(type(a), "userdata"); assert(not pcall(security.new_actor)) end},
    {"conditions", function()
        local sc = security.new_scope({security.policy(S .. "reader")}); local u = security.new_actor("u1")
        eq(sc:evaluate(u, "doc.read", "d:1", {owner = "u1"}), "allow"); eq(sc:evaluate(u, "doc.read", "d:1", {owner = "u2"}), "undefined"); eq(sc:evaluate(u, "doc", "d:1", {owner = "u1"}), "allow"); eq(sc:evaluate(u, "document", "d:1", {owner = "u1"}), "undefined"); eq(sc:evaluate(u, "doc.read", "x:1", {owner = "u1"}), "undefined")
    end},
    {"denial wins", function()
        local sc = security.new_scope({security.policy(S .. "reader")}):with(security.policy(S .. "no_secrets"))
        eq(sc:evaluate(security.new_actor("u1"), "doc.read", "d:secret", {owner = "u1"}), "deny"); assert(sc:contains(S .. "no_secrets") and not sc:without(S .. "no_secrets"):contains(S .. "no_secrets")); eq(#sc:policies(), 2); eq(#sc:without({ns = "suite.security", name = "reader"}):policies(), 1); eq(#sc:without(security.policy(S .. "reader")):policies(), 1)
    end},
    {"policy", function() local p, e = security.policy("reader"); eq(e, nil); eq(p:id(), S .. "reader"); eq(p:evaluate(security.new_actor("u1"), "doc.read", "d:1", {owner = "u1"}), "allow"); fails(errors.INTERNAL, security.policy("no:pe")) end},
    {"named scope", function() local s = assert(security.named_scope(S .. "team")); eq(#s:policies(), 2); assert(s:contains(S .. "reader")); fails(errors.INTERNAL, security.named_scope("no:group")) end},
    {"token store", function() fails(errors.INVALID, security.token_store("")); fails(errors.UNAVAILABLE, security.token_store("a:b")) end},
    {"calls carry them", function()
        local e = funcs.new():with_actor(security.new_actor("u1", {role = "r"})):with_scope(security.new_scope({security.policy(S .. "reader"), security.policy(S .. "calls")}))
        for _, name in ipairs{"whoami", "nested"} do local w = assert(e:call(S .. name)); eq(w.id, "u1"); eq(w.role, "r"); eq(w.policies, 2); eq(w.can, true) end
        eq(funcs.call(S .. "whoami").id, nil)
    end},
    {"processes carry them", function()
        local b = process.with_context({}):with_actor(security.new_actor("u2")); eq(b:exec(S .. "whoami_process", "suite:processes"), "u2"); eq(process.exec(S .. "whoami_process", "suite:processes"), nil)
        assert(not pcall(b.with_actor, b, nil)); assert(not pcall(b.with_actor, b, "x")); assert(not pcall(b.with_scope, b, security.new_actor("u")))
    end},
    {"services carry them", function()
        for _ = 1, 4000 do if process.registry.lookup("suite.security.service") then break end time.sleep("5ms") end
        local acts; repeat for _, row in ipairs(assert(system.hosts.processes("suite:processes"))) do if row.source == "suite.security:service_main" then acts = row.actor_id end end until acts; eq(acts, "service:x")
        local l = process.listen("identity"); assert(process.send("suite.security.service", "who")); local v = l:receive(); eq(v.id, "service:x"); eq(v.level, 3); eq(v.policies, 3); eq(v.can, false)
    end},
    {"confined", function()
        local e = funcs.new():with_actor(security.new_actor("u1")):with_scope(security.new_scope({security.policy(S .. "calls"), security.policy(S .. "spawns")}))
        local r = assert(e:call(S .. "confined"))
        local wanted = {
            call = "PermissionDenied: not allowed: suite.funcs:add", own = "allowed", get = "PermissionDenied: not allowed to access entry: suite.funcs:add", find = 0,
            env = "PermissionDenied: not allowed to access environment variable: NAME", exec = "PermissionDenied: not allowed to exec process: suite.process:ret42", spawn = "PermissionDenied: not allowed to spawn process: suite.process:ret42", host = "PermissionDenied: not allowed to spawn on host: suite:terminal", spawned = "allowed",
            actor = "not allowed to create actor with ID: root", scope = "not allowed to create custom scopes", policy = "Invalid: permission denied: access policy", identity = "PermissionDenied: not allowed: security",
        }
        wanted.memory, wanted.hosts, wanted.leave = "Invalid: permission denied: system.read on memory", "Invalid: permission denied: system.read on hosts", "Invalid: permission denied: system.exit on exit"
        for name, text in pairs(wanted) do if r[name] ~= text then error(name .. ": " .. tostring(r[name])) end end
        for _, name in ipairs{"apply", "send", "register"} do assert(r[name]:find("^PermissionDenied: not allowed"), name .. r[name]) end
        for _, name in ipairs{"subscribe", "publish"} do assert(r[name]:find("^Invalid: not allowed"), name .. r[name]) end
        assert(r.builder:find("not allowed"), r.builder)
    end},
    {"a scope alone does not confine", function() local e = funcs.new():with_scope(security.new_scope()); eq(e:call(S .. "nested").policies, 0) end},
    {"bad policies are refused", function()
        local function try(policy) return registry.snapshot():changes():create{id = S .. "bad", kind = "security.policy", meta = {}, data = {policy = policy}}:apply() end
        local _, e = try({actions = "*", resources = "*", effect = "maybe"}); assert(e, "effect")
        _, e = try({actions = "*", resources = "*", effect = "allow", conditions = {{field = "action", operator = "matches", value = "("}}}); assert(e and e:message():find("regular expression"), tostring(e))
        _, e = try({actions = "*", resources = "*", effect = "allow", conditions = {{field = "action", operator = "like", value = "x"}}}); assert(e and e:message():find("operator"), tostring(e))
    end},
    {"new policies hold at once", function()
        local v = assert(registry.snapshot():changes():create{id = S .. "fresh", kind = "security.policy", meta = {}, data = {policy = {actions = "look", resources = "*", effect = "allow"}, groups = {"fresh_group"}}}:apply())
        eq(security.named_scope("fresh_group"):evaluate(security.new_actor("u"), "look", "x"), "allow"); assert(registry.snapshot():changes():delete(S .. "fresh"):apply()); fails(errors.INTERNAL, security.policy("fresh"))
    end},
}

return {run = function() return rows.run(list) end}
