-- What `os`, the basic functions and the libraries offer to an application: spec of globals, row by row.
local rows = require("rows")
local eq = rows.eq

local list = {
    {"absent functions", function() for _, name in ipairs{"load", "loadstring", "loadfile", "dofile", "collectgarbage", "rawlen", "debug", "utf8", "getfenv", "setfenv", "newproxy", "module", "io"} do assert(_G[name] == nil, name) end end},
    {"present functions", function() for _, name in ipairs{"assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "print", "rawequal", "rawget", "rawset", "select", "setmetatable", "tonumber", "tostring", "type", "unpack", "xpcall", "require"} do assert(_G[name] ~= nil, name) end; eq(_VERSION, "Lua 5.3") end},
    {"read-only libraries", function() assert(not pcall(function() string.x = 1 end) and not pcall(function() os.time = nil end)); for _, t in ipairs{table, math, coroutine, errors, channel, process, payload} do assert(not pcall(function() t.x = 1 end)) end end},
    {"own globals", function() mine = 5; eq(_G.mine, 5); mine = nil end},
    {"unpack", function() assert(select("#", unpack({1, 2, 3})) == 3 and unpack == table.unpack) end},
    {"missing module", function() local ok, e = pcall(require, "nope"); assert(not ok and tostring(e):find("module 'nope' not found")); ok = pcall(require, "time"); assert(not ok, "not listed") end},
    {"require twice", function() assert(require("rows") == require("rows")) end},
    {"package", function() eq(package.path, ""); eq(package.cpath, "") end},
    {"freeze", function() local t = table.freeze({1}); assert(table.isfrozen(t) and not pcall(function() t[1] = 2 end) and not pcall(rawset, t, 1, 2) and not pcall(table.insert, t, 3)); assert(not table.isfrozen({})); local _, e = pcall(function() t[1] = 2 end); assert(e:find("attempt to modify a frozen table"), e) end},
    {"table extras", function() eq(table.getn({1, 2}), 2); eq(table.maxn({1, 2, [9] = 1}), 9); eq(#table.create(4), 0); eq(table.pack(1, 2).n, 2) end},
    {"string extras", function() local n = 0; for w in string.gfind("a b", "%a") do n = n + 1 end; eq(n, 2); local ok, e = pcall(string.dump, function() end); assert(not ok and e:find("unable to dump given function"), e) end},
    {"math extras", function() eq(math.pow(2, 3), 8.0); eq(math.log10(100), 2.0); eq(math.mod(7, 3), 1); assert(math.cosh and math.sinh and math.tanh and math.atan2 and math.frexp and math.ldexp) end},
    {"os.time", function() eq(math.type(os.time()), "integer"); assert(os.time() > 1700000000) end},
    {"os.time defaults", function() assert(os.date("%H:%M:%S", os.time{year = 2024, month = 1, day = 2}) == "00:00:00"); eq(os.date("%Y-%m-%d", os.time{}), os.date("%Y-%m-%d")); eq(os.date("%Y-%m", os.time{year = 2024, month = "13", day = 1}), "2025-01") end},
    {"os.date UTC", function() assert(os.date("!%Y-%m-%dT%H:%M:%S", 0) == "1970-01-01T00:00:00" and os.date("!*t", 0).wday == 5); local t = os.date("!*t", 0); eq(t.year, 1970); eq(t.isdst, false); eq(t.yday, 1) end},
    {"os.date codes", function() eq(os.date("!%c", 1718461845), "Sat Jun 15 14:30:45 2024"); eq(os.date("!%x", 1718461845), "06/15/24"); eq(os.date("!%X", 1718461845), "14:30:45"); eq(os.date("!%I %p %A %a %B %b %w %j %U %W %y %%", 1718461845), "02 PM Saturday Sat June Jun 6 167 24 24 24 %") end},
    {"os.date unknown", function() assert(os.date("!%q", 0) == "%q") end},
    {"os.clock, difftime", function() eq(math.type(os.clock()), "float"); eq(os.difftime(5, 3), 2.0) end},
    {"os.platform", function() assert(os.platform == "wippy" and os.getenv == nil); for _, n in ipairs{"exit", "execute", "remove", "rename", "tmpname", "setlocale"} do eq(os[n], nil) end end},
    {"5.3 numbers", function() eq(math.floor(2.5), 2); eq(math.type(math.floor(2.5)), "integer"); eq(tostring(2^53), "9.007199254741e+15"); eq(tonumber("1e5"), 1e5); eq(tostring(3.0), "3.0"); eq(1 << 4, 16); eq(7 // 2, 3); eq(math.huge, 1 / 0) end},
}

return {run = function() return rows.run(list) end}
