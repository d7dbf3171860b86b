-- Only here: JSON Schema. Each line is one fact.
local json = require("json")
local function valid(schema, data) local ok, e = json.validate(schema, data) assert(ok == true and e == nil, tostring(e)) end
local function invalid(schema, data, place)
  local ok, e = json.validate(schema, data)
  assert(ok == false and e:kind() == errors.INVALID and e:retryable() == false, tostring(ok))
  assert(e:message():find("evaluation failed: " .. place, 1, true) == 1, e:message())
  local list = e:details().errors assert(#list >= 1 and list[1].path and list[1].keyword and list[1].message)
end
local function refused(text, ok, e) assert(ok == false and e:kind() == errors.INVALID and e:message():find(text, 1, true), tostring(e)) end

-- arguments
refused("schema is required", json.validate()) refused("schema is required", json.validate(nil, 1)) refused("data is required", json.validate({}))
refused("schema must be a string or table", json.validate(1, 1)) refused("schema is required", json.validate_string(nil, "1"))
refused("data must be a JSON string", json.validate_string({}, 1)) refused("data must be a JSON string", json.validate_string({}))
refused("byte 0", json.validate("x", 1)) refused("invalid value of 'type'", json.validate({type = "text"}, 1))
refused("invalid pattern", json.validate({pattern = "("}, "x")) refused("unresolvable reference", json.validate({["$ref"] = "http://x/y"}, 1))
refused("mixed-key", json.validate({}, {1, x = 1})) refused("recursive table", (function() local t = {} t.t = t return json.validate({}, t) end)())
refused("evaluation failed", json.validate_string({}, "{")) refused("is not of type", json.validate("5", 1))
valid("true", 1) invalid("false", 1, "/") valid({}, false) valid("{}", "x")

-- types
valid({type = "integer"}, 1) valid({type = "integer"}, 1.0) invalid({type = "integer"}, 1.5, "/: 1.5 is not of type \"integer\"")
valid({type = "number"}, 1) valid({type = "null"}, 0/0) valid({type = {"string", "null"}}, "x") invalid({type = {"string", "null"}}, 1, "/")
valid({type = "object"}, {}) valid({type = "object"}, {x = 1}) valid({type = "array"}, {1}) invalid({type = "array"}, {}, "/")
valid({type = "boolean"}, false) invalid({type = "string"}, 1, "/") assert(json.validate_string({type = "array"}, "[]") == true)

-- numbers and texts
valid({minimum = 1, maximum = 3}, 2) invalid({minimum = 1}, 0, "/: 0 is not at least 1") invalid({exclusiveMaximum = 3}, 3, "/")
valid({multipleOf = 0.1}, 0.3) invalid({multipleOf = 2}, 3, "/") valid({multipleOf = 2}, "x")
valid({minLength = 2, maxLength = 2}, "äö") invalid({minLength = 3}, "äö", "/") valid({pattern = "^\\d+$"}, "12") invalid({pattern = "^\\d+$"}, "1x", "/")
valid({format = "email"}, "not one") valid({const = {a = {1}}}, {a = {1}}) invalid({const = 1}, 2, "/") valid({enum = {1, "x"}}, "x") invalid({enum = {1}}, 2, "/: 2 is not one of [1]")

-- objects
local person = {type = "object", required = {"name"}, additionalProperties = false,
  properties = {name = {type = "string", minLength = 1}, age = {type = "integer", minimum = 0}, tags = {type = "array", items = {type = "string"}}}}
valid(person, {name = "a", age = 1, tags = {"x"}})
invalid(person, {age = 1}, "/: 'name' is a required property") invalid(person, {name = ""}, "/name: ") invalid(person, {name = "a", x = 1}, "/: 'x' was not expected")
invalid(person, {name = "a", tags = {"x", 2}}, "/tags/1: 2 is not of type \"string\"")
local _, e = json.validate(person, {age = -1, x = 2}) assert(#e:details().errors == 3)
valid({properties = {}}, {x = 1}) valid({patternProperties = {["^x"] = {type = "integer"}}, additionalProperties = {type = "string"}}, {x1 = 1, y = "s"})
invalid({patternProperties = {["^x"] = {type = "integer"}}}, {x1 = "s"}, "/x1") invalid({propertyNames = {maxLength = 1}}, {xx = 1}, "/")
invalid({dependentRequired = {a = {"b"}}}, {a = 1}, "/") valid({minProperties = 1, maxProperties = 1}, {a = 1}) invalid({minProperties = 1}, {}, "/")
invalid({properties = {["a/b"] = {type = "string"}}}, {["a/b"] = 1}, "/a~1b")

-- lists
valid({prefixItems = {{type = "integer"}}, items = {type = "string"}}, {1, "a"}) invalid({prefixItems = {{type = "integer"}}, items = false}, {1, 2}, "/1")
valid({uniqueItems = true}, {1, 2, "1"}) invalid({uniqueItems = true}, {1, 2, 1.0}, "/") invalid({uniqueItems = true}, {{a = 1}, 2, {a = 1}}, "/")
valid({contains = {type = "string"}}, {1, "a"}) invalid({contains = {type = "string"}}, {1}, "/") invalid({contains = true, maxContains = 1}, {1, 2}, "/")
valid({minItems = 1, maxItems = 2}, {1}) invalid({maxItems = 1}, {1, 2}, "/")

-- combinations and references
valid({anyOf = {{type = "string"}, {type = "integer"}}}, 1) invalid({anyOf = {{type = "string"}}}, 1, "/") invalid({oneOf = {{type = "integer"}, {minimum = 1}}}, 1, "/")
invalid({["not"] = {type = "string"}}, "x", "/") valid({allOf = {{minimum = 1}, {maximum = 2}}}, 1)
local cond = {["if"] = {properties = {kind = {const = "a"}}}, ["then"] = {required = {"x"}}, ["else"] = {required = {"y"}}}
valid(cond, {kind = "a", x = 1}) invalid(cond, {kind = "b", x = 1}, "/: 'y'")
local tree = {["$defs"] = {node = {type = "object", properties = {children = {type = "array", items = {["$ref"] = "#/$defs/node"}}, v = {type = "integer"}}}}, ["$ref"] = "#/$defs/node"}
valid(tree, {v = 1, children = {{v = 2}, {children = {{v = 3}}}}}) invalid(tree, {children = {{v = "x"}}}, "/children/0/v")
valid({["$id"] = "http://h/root", ["$defs"] = {a = {["$anchor"] = "here", type = "integer"}, b = {["$id"] = "b.json", type = "string"}}, properties = {x = {["$ref"] = "#here"}, y = {["$ref"] = "b.json"}}}, {x = 1, y = "s"})
invalid({["$ref"] = "#"}, 1, "/: the schema refers to itself without end")
invalid({allOf = {{properties = {a = true}}}, unevaluatedProperties = false}, {a = 1, b = 2}, "/: 'b'") valid({allOf = {{properties = {a = true}}}, unevaluatedProperties = false}, {a = 1})
invalid({prefixItems = {true}, unevaluatedItems = false}, {1, 2}, "/1")
print("ok")
