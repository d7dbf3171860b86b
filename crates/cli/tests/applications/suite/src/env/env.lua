-- Variables and their storages: spec of the environment, row by row.
local rows = require("rows")
local eq, fails = rows.eq, rows.fails

local list = {
    {"get, set, get_all", function() assert(env.get("NAME") == "d" and env.set("NAME", "v") and env.get("NAME") == "v" and env.get_all().NAME == "v") end},
    {"failures", function()
        eq(fails(errors.NOT_FOUND, env.get("EMPTY")):message(), "environment variable not found"); eq(fails(errors.INVALID, env.get("")):message(), "empty key"); eq(fails(errors.PERMISSION_DENIED, env.set("RO", "y")):message(), "environment variable is read-only"); fails(errors.NOT_FOUND, env.get("PATH")); fails(errors.NOT_FOUND, env.set("UNDECLARED", "x")); fails(errors.INVALID, env.set("", "x")); assert(not pcall(env.get)); assert(not pcall(env.set, "NAME"))
    end},
    {"operating system", function() assert(env.get("SUITE_HOME")); eq(fails(errors.PERMISSION_DENIED, env.set("SUITE_HOME", "x")):message(), "storage is read-only") end},
    {"static", function() eq(env.get("FIXED"), "from static"); eq(fails(errors.PERMISSION_DENIED, env.set("FIXED", "x")):message(), "storage is read-only") end},
    {"router", function() eq(env.get("BOTH"), "static"); eq(env.set("BOTH", "memory"), true); eq(env.get("BOTH"), "memory") end},
    {"file", function() eq(env.get("INFILE"), "none"); eq(env.set("INFILE", "kept here"), true); eq(env.get("INFILE"), "kept here"); fails(errors.INVALID, env.set("INFILE", "two\nlines")); fails(errors.INVALID, env.set("INFILE", "a#b")); eq(env.get("INFILE"), "kept here") end},
    {"names", function() eq(env.get("private"), "5"); eq(env.get("suite.env:private"), "5"); eq(env.get("suite.env:name"), env.get("NAME")); eq(env.get_all().private, nil) end},
    {"empty counts as unset", function() env.set("NAME", ""); eq(env.get("NAME"), "d") end},
}

return {run = function() return rows.run(list) end}
