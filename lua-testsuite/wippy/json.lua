-- Only here: JSON. Each line is one fact.
local json = require("json")
local function encodes(value, expected)
  local text, e = json.encode(value)
  assert(text == expected and e == nil, tostring(text or e) .. " instead of " .. tostring(expected))
end
local function fails(kind, text, value, e)
  assert(value == nil and e and e:kind() == kind and e:retryable() == false, tostring(value))
  assert(e:message():find(text, 1, true), e:message())
end
local function refuses(value, text) fails("Internal", text, json.encode(value)) end
local function again(text, expected)
  local value, e = json.decode(text)
  assert(e == nil, tostring(e))
  encodes(value, expected or text)
end
local function bad(text, message) fails("Internal", message or "", json.decode(text)) end
assert(not pcall(function() json.encode = nil end))

-- encode: scalars
encodes(nil, "null") encodes(true, "true") encodes(false, "false")
assert(json.encode() == "null")
encodes(1, "1") encodes(-5, "-5") encodes(math.mininteger, "-9223372036854775808")
encodes(1.0, "1") encodes(3e2, "300") encodes(0.1, "0.1") encodes(1e-7, "1e-7") encodes(1e21, "1e+21") encodes(-0.0, "-0")
encodes({1e-7, -0.0, 1e20, 2^53}, "[0.0000001,0,100000000000000000000,9007199254740992]")
assert(#json.encode({1e300}) == 303)
encodes(0/0, "null") encodes({1/0, -1/0}, "[null,null]")
encodes(print, "null") encodes({print, coroutine.create(print), io.stdout}, "[null,null,null]") encodes({a = print}, '{"a":null}')
encodes(errors.new("m"), '"m"') encodes({errors.wrap(errors.new("m"), "c")}, '["c: m"]')

-- encode: strings
encodes("a\"\\/\b\f\n\r\t\0\31\127", '"a\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\127"')
encodes("<a>&", '"\\u003ca\\u003e\\u0026"') encodes({["<"] = 1}, '{"\\u003c":1}')
encodes("\u{e9}\u{2028}", '"\u{e9}\\u2028"') encodes("a\xffb", '"a\u{fffd}b"')

-- encode: tables
encodes({}, "[]") encodes({1, 2, 3}, "[1,2,3]") encodes({{}, {{}}}, "[[],[[]]]")
encodes({x = 1}, '{"x":1}') encodes({x = nil}, "{}") encodes({x = {y = {1}}}, '{"x":{"y":[1]}}')
local t = {a = 1} t.a = nil encodes(t, "{}")
t = {} t[#t + 1] = 1 table.insert(t, 2) encodes(t, "[1,2]") t[1], t[2] = nil, nil encodes(t, "[]")
t = {} for i = 10, 1, -1 do t[i] = i end encodes(t, "[1,2,3,4,5,6,7,8,9,10]")
t = {1, 2, nil} encodes(t, "[1,2]")
refuses({1, nil, 3}, "sparse array") refuses({[2] = 1}, "sparse array") refuses({[1] = 1, [3] = 1}, "sparse array")
refuses({1, 2, x = 1}, "mixed-key table") refuses({x = 1, [1] = 2}, "mixed-key table") refuses({1, [0] = 1}, "mixed-key table")
encodes({[true] = 1}, '{"true":1}') encodes({[1.5] = 1}, '{"1.5":1}') encodes({[0] = 1}, '{"0":1}')
encodes({[-3] = 1}, '{"-3":1}') encodes({[67108864] = 1}, '{"67108864":1}') encodes({[{}] = 1, [print] = 2}, "{}")
encodes(setmetatable({1}, {__index = function() error("x") end, __len = error, __pairs = error, __tostring = error}), "[1]")
t = {} t.t = t refuses(t, "recursively nested")
t = {1} encodes({t, t, {t}}, "[[1],[1],[[1]]]")
local function nested(n) local t = {} for _ = 2, n do t = {t} end return t end
encodes(nested(129), ("["):rep(129) .. ("]"):rep(129)) refuses(nested(130), "maximum nesting depth")
assert(select(2, json.encode(nested(130))):stack():find("encode failed"))

-- decode: values
assert(json.decode("1") == 1 and math.type(json.decode("1")) == "integer" and math.type(json.decode("1.0")) == "float")
assert(json.decode("1e3") == 1000.0 and math.type(json.decode("1e3")) == "float" and json.decode("-0") == 0)
assert(math.type(json.decode("-0")) == "integer" and json.decode("99999999999999999999") == math.maxinteger)
assert(json.decode("-99999999999999999999") == math.mininteger and json.decode("1e999") == 1.7976931348623157e308)
assert(json.decode("true") == true and json.decode("false") == false and select("#", json.decode("null")) == 1)
assert(json.decode(' "a\\u00e9\\ud83d\\ude00\\n" ') == "a\u{e9}\u{1f600}\n" and json.decode('"\\u0000"') == "\0")
assert(json.decode("1 2") == 1 and json.decode('{"a":1}junk').a == 1 and json.decode("01") == 0)
again("[]") again("{}") again("[{},[],{}]") again('{"a":[1,2.5,"x",true,{"b":[]}]}')
t = json.decode("[1,null,3]") assert(t[1] == 1 and t[2] == nil and t[3] == 3) refuses(t, "sparse array")
again("[1,null]", "[1]") again("[null]", "[]") again('{"a":null}', "{}")
t = json.decode('{"a":null,"b":1}') assert(next(t) == "b" and next(t, "b") == nil)
again((" [ 1 , { \"a\" : 2 } ] "):gsub(" ", " \t\r\n"), '[1,{"a":2}]')
again(("["):rep(129) .. ("]"):rep(129)) bad(("["):rep(130) .. ("]"):rep(130), "maximum nesting depth")
bad(("["):rep(129) .. "1" .. ("]"):rep(129), "maximum nesting depth")
bad(("["):rep(1000000), "maximum nesting depth") bad(('{"a":'):rep(1000000), "maximum nesting depth")
-- long lists and objects go in blocks
local list, object = {}, {}
for i = 1, 5000 do list[i] = i object[i] = ('"k%d":%d'):format(i, i) end
local back = json.decode("[" .. table.concat(list, ",") .. "]")
assert(#back == 5000 and back[5000] == 5000 and back[513] == 513)
back = json.decode("{" .. table.concat(object, ",") .. "}")
for i = 1, 5000 do assert(back["k" .. i] == i) end
bad("{" .. table.concat(object, ",") .. ',"k7":1}', 'duplicate member name "k7"')
t = json.decode("[" .. ("null,"):rep(2000) .. "1]") assert(t[2001] == 1 and t[2000] == nil)

-- decode: what is malformed
fails("Invalid", "string expected", json.decode(1)) fails("Invalid", "string expected", json.decode())
fails("Invalid", "empty string is not valid JSON", json.decode(""))
bad("  ", "EOF") bad("[", "EOF") bad('{"a"', "EOF") bad('"abc', "EOF") bad("[1,]", "byte 3") bad("[1", "EOF")
bad('{"a":1,"a":2}', "duplicate") bad('{"a":null,"a":2}', "duplicate") bad('{"a":1,"a":null}', "duplicate")
bad("{'a':1}", "byte 1") bad("[1,\n 2 x]", "line 2, column 4 (byte 7)") bad("{a:1}") bad("{,}") bad('{"a":1,}') bad("[,]")
bad("tru", "EOF") bad("nul1") bad("+1") bad(".5") bad("1.") bad("-") bad("NaN") bad("Infinity") bad("[01]") bad("[1 2]")
bad('"\n"', "control") bad('"\\x"', "escape") bad('"\\ud800"', "surrogate") bad('"\\udc00x"', "surrogate")
bad('"\xff"', "UTF-8") bad('"\xc0\x80"', "UTF-8") bad('"\xed\xa0\x80"', "UTF-8") bad("\xef\xbb\xbf1") bad("/**/1") bad('{"a" 1}') bad('{1:1}')
assert(select(2, json.decode("[")):stack():find("decode failed"))

-- both can be suspended
local long = {} for i = 1, 100000 do long[i] = {id = i, name = "n" .. i, tags = {"a", "b"}} end
local text = json.encode(long)
local read = json.decode(text)
assert(#read == #long and read[100000].name == "n100000" and read[77].tags[2] == "b")
print("ok")
