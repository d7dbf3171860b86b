-- Contracts, bindings and instances: spec of contracts, row by row.
local rows = require("rows")
local eq, fails = rows.eq, rows.fails
local C = "suite.contract:"

local list = {
    {"call", function() local i = assert(contract.open(C .. "english")); eq(i:hello("A"), "hello A"); eq(type(i), "userdata") end},
    {"async", function() local i = assert(contract.open(C .. "english")); local f = i:hello_async("B"); local p, ok = f:channel():receive(); assert(ok and p:data() == "hello B") end},
    {"is", function() local i = assert(contract.open(C .. "english")); assert(contract.is(i, C .. "greeter") and not contract.is(i, C .. "counter")); eq(contract.is(funcs.new(), C .. "greeter"), false); assert(not pcall(contract.is, 1, C .. "greeter")) end},
    {"several contracts", function() local i = assert(contract.open(C .. "several")); assert(contract.is(i, C .. "greeter") and contract.is(i, C .. "counter")); eq(i:count(1, 2).n, 2) end},
    {"query", function() local v = assert(contract.open(C .. "several?debug=true&limit=5&ratio=1.5&text=abc")):count(); assert(v.debug == true and v.limit == 5 and math.type(v.limit) == "integer" and v.ratio == 1.5 and v.text == "abc") end},
    {"precedence", function() local c = assert(contract.get(C .. "greeter")):with_context({word = "wrapped"}); eq(assert(c:open(C .. "english?word=query")):hello("x"), "wrapped x"); eq(assert(c:open(C .. "english", {word = "scope"})):hello("x"), "scope x"); eq(assert(contract.open(C .. "english?word=query")):hello("x"), "query x"); eq(assert(contract.open(C .. "english?word=query", {word = "now"})):hello("x"), "now x") end},
    {"required context", function() eq(fails(errors.INVALID, contract.open(C .. "strict")):message(), "missing required context keys: [language tenant]"); local i = assert(contract.open(C .. "strict?tenant=t", {language = "en"})); eq(i:language(), "en") end},
    {"get", function()
        local c = assert(contract.get(C .. "greeter")); eq(c:id(), C .. "greeter"); local m = c:methods(); eq(#m, 3); eq(m[1].name, "hello"); eq(m[1].description, "Greets somebody"); eq(m[1].input_schemas[1].definition.type, "string")
        eq(c:method("language").name, "language"); eq(fails(errors.NOT_FOUND, c:method("m")):message(), "method 'm' not found in contract '" .. C .. "greeter'"); eq(#c:implementations(), 3)
        eq(fails(errors.NOT_FOUND, contract.get("no:pe")):message(), "contract definition 'no:pe' not found"); fails(errors.INVALID, contract.get("malformed"))
    end},
    {"find implementations", function() local l, e = contract.find_implementations(C .. "counter"); assert(e == nil and #l == 1 and l[1] == C .. "several"); eq(#contract.find_implementations("no:pe"), 0) end},
    {"default binding", function() eq(assert(contract.get(C .. "greeter"):open()):hello("D"), "hello D"); eq(fails(errors.NOT_FOUND, contract.get(C .. "counter"):open()):message(), "no default binding for contract '" .. C .. "counter'") end},
    {"missing binding", function() eq(fails(errors.NOT_FOUND, contract.open("no:pe")):message(), "contract binding 'no:pe' not found"); fails(errors.INVALID, contract.open("malformed")) end},
    {"methods", function() local i = assert(contract.open(C .. "english")); eq(i.nothing, nil); local ok, e = pcall(function() i:nothing() end); assert(not ok and tostring(e):find("attempt to call a nil value"), tostring(e)); eq(fails(errors.NOT_FOUND, i:unbound()):message(), "method 'unbound' not bound") end},
    {"identity", function() local c = contract.get(C .. "greeter"):with_actor(security.new_actor("u")):with_options({timeout = "5s"}); eq(assert(c:open(C .. "english")):hello("x"), "hello x") end},
    {"unbound wrapper stays", function() local c = contract.get(C .. "greeter"); c:with_context({word = "w"}); eq(assert(c:open()):hello("x"), "hello x") end},
}

return {run = function() return rows.run(list) end}
