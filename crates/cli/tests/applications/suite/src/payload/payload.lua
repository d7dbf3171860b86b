-- Payloads, their formats and conversions: spec of payloads, row by row.
local rows = require("rows")
local eq, fails = rows.eq, rows.fails
local f = payload.format

local list = {
    {"formats", function() for name, text in pairs{JSON = "json/plain", YAML = "yaml/plain", STRING = "text/plain", BYTES = "application/octet-stream", MSGPACK = "application/msgpack", LUA = "lua/any", GOLANG = "golang/any", ERROR = "golang/error"} do eq(f[name], text) end; assert(require("payload") == payload) end},
    {"by reference", function() local t = {1}; local p = payload.new(t); assert(p:data() == t and p:get_format() == "lua/any" and tostring(p) == "payload{format=lua/any}" and p:unmarshal() == t); eq(type(p), "userdata") end},
    {"nil", function() local v, e = payload.new(nil):data(); assert(v == nil and e == nil); eq(payload.new():get_format(), f.LUA) end},
    {"error", function() local p = payload.new(errors.new("x")); eq(p:get_format(), f.ERROR); eq(fails(errors.INTERNAL, p:data()):message(), "no transcoding path found") end},
    {"same format", function() local p = payload.new({a = 1}); eq(p:transcode(f.LUA):data().a, 1); local j = p:transcode(f.JSON); eq(j:transcode(f.JSON):data().a, 1) end},
    {"formats keep data", function() for _, name in ipairs{"JSON", "YAML", "MSGPACK", "GOLANG"} do local p = assert(payload.new({n = 3, l = {1, 2}, s = "x: #y\n'\"", b = true, d = 1.5, e = "", neg = -70000}):transcode(f[name])); local d = p:data(); eq(p:get_format(), f[name]); assert(d.n == 3 and math.type(d.n) == "integer" and #d.l == 2 and d.l[2] == 2, name); eq(d.s, "x: #y\n'\""); eq(d.b, true); eq(d.d, 1.5); eq(d.e, ""); eq(d.neg, -70000) end end},
    {"between formats", function() local names = {"JSON", "YAML", "MSGPACK", "GOLANG", "LUA"}; for _, a in ipairs(names) do for _, b in ipairs(names) do local d = assert(assert(payload.new({k = {"v", 7}}):transcode(f[a])):transcode(f[b])):data(); assert(d.k[1] == "v" and d.k[2] == 7, a .. b) end end end},
    {"scalars", function() for _, v in ipairs{1, -1, 1.5, "text", true, false, "true", "null", "12", "~", "1e3", "0x10", " lead", "-", "2024-01-01", "yes", "é\u{1F600}"} do for _, name in ipairs{"JSON", "YAML", "MSGPACK"} do local d = assert(payload.new(v):transcode(f[name])):data(); assert(d == v and math.type(d) == math.type(v), name .. " " .. tostring(v) .. " " .. tostring(d)) end end end},
    {"integers of all sizes", function() for _, v in ipairs{0, 127, 128, 255, 256, 65535, 65536, 2^31 | 0, 4294967295, 4294967296, math.maxinteger, math.mininteger, -1, -32, -33, -128, -129, -32768, -32769, -2147483648, -2147483649} do eq(assert(payload.new({v}):transcode(f.MSGPACK)):data()[1], v); eq(assert(payload.new({v}):transcode(f.YAML)):data()[1], v) end end},
    {"strings", function() eq(payload.new('{"a":1}'):transcode(f.STRING):data(), '{"a":1}'); eq(payload.new(12):transcode(f.STRING):data(), "12"); eq(payload.new(1.5):transcode(f.BYTES):data(), "1.5"); eq(payload.new(true):transcode(f.STRING):data(), "true"); eq(payload.new(nil):transcode(f.STRING):data(), ""); eq(payload.new({k = "v"}):transcode(f.STRING):data(), "map[k:v]"); eq(payload.new({1, 2}):transcode(f.STRING):data(), "[1 2]") end},
    {"unknown format", function() eq(fails(errors.INTERNAL, payload.new(1):transcode("no/such")):message(), "no transcoding path found"); assert(not pcall(function() payload.new(1):transcode({}) end)) end},
    {"what JSON cannot say", function() fails(errors.INTERNAL, payload.new({1, k = 2}):transcode(f.JSON)); local t = {}; t.t = t; fails(errors.INTERNAL, payload.new(t):transcode(f.JSON)) end},
    {"wrong self", function() local p = payload.new(1); assert(not pcall(p.data, 1)); assert(not pcall(p.get_format)) end},
    {"messages", function() process.send(process.pid(), "t", {a = 1}); local p = process.inbox():receive():payload(); eq(p:get_format(), f.LUA); eq(p:transcode(f.JSON):data().a, 1); eq(p:unmarshal().a, 1) end},
    {"futures", function() local future = funcs.async("suite.payload:echo", 1); local p = future:channel():receive(); eq(p:transcode(f.STRING):data(), "number") end},
    {"do not cross", function() eq(funcs.call("suite.payload:echo", payload.new(1)), "nil") end},
}

return {run = function() return rows.run(list) end}
