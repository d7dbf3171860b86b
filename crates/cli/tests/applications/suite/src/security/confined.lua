-- Tries what it may not do, and reports the kinds and texts of the refusals.
local function what(value, err)
    if value ~= nil and value ~= false then return "allowed" end
    return err:kind() .. ": " .. err:message()
end

local function raised(ok, message)
    return ok and "allowed" or tostring(message):gsub("^.-:%d+: ", "")
end

return {run = function()
    return {
        call = what(funcs.call("suite.funcs:add", 1, 2)),
        own = what(funcs.call("suite.security:whoami")),
        get = what(registry.get("suite.funcs:add")),
        find = #registry.find({[".ns"] = "suite.funcs"}),
        apply = what(registry.snapshot():changes():delete("suite.funcs:add"):apply()),
        env = what(env.get("NAME")),
        subscribe = what(events.subscribe("t")),
        publish = what(events.send("t", "k", "/")),
        spawn = what(process.spawn("suite.process:ret42", "suite:processes")),
        exec = what(process.exec("suite.process:ret42", "suite:processes")),
        host = what(process.spawn("suite.security:whoami_process", "suite:terminal")),
        spawned = what(process.exec("suite.security:whoami_process", "suite:processes")),
        send = what(process.send(process.pid(), "t")),
        register = what(process.registry.register("confined")),
        actor = raised(pcall(security.new_actor, "root")),
        scope = raised(pcall(security.new_scope)),
        policy = what(security.policy("suite.security:everything")),
        memory = what(system.memory.stats()),
        hosts = what(system.hosts.list()),
        leave = what(system.exit(9)),
        builder = raised(pcall(process.with_context, {a = 1})),
        identity = what(funcs.new():with_actor(security.actor())),
    }
end}
