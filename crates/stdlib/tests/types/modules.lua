-- Types that modules export, as values and in the types of others.

do
  type Config = {host: string, port: integer}
  type Pair<T> = {a: T, b: T}
  package.loaded["app.settings"] = {Config = Config, Pair = Pair, version = 1}
end

local m = require("app.settings")
assert(m.Config({host = "h", port = 1}).port == 1)
assert(select(2, m.Config:is({host = "h"})):message() == "port: required field missing")
assert(not pcall(m.Config) and not pcall(m.Config, 1, 2))
assert(m.Pair(number):is({a = 1, b = 2}) and not m.Pair(number):is({a = 1, b = "x"}))
assert(({[m.Config] = "yes"})[m.Config] == "yes" and m.Config.host == String and m.Config:name() == "Config")

-- In a type, before the variable is there: declarations are hoisted.
type Server = {name: string, config: m.Config, pair?: m.Pair<string>}
local good = {name = "s", config = {host = "h", port = 1}}
assert(Server:is(good) == good and Server(good) == good)
local _, err = Server:is({name = "s", config = {host = "h", port = "1"}})
assert(err:message() == "config.port: expected integer, got string", err:message())
assert(err:details().field == "config.port")
good.pair = {a = "x", b = 1}
assert(select(2, Server:is(good)):message() == "pair.b: expected string, got number")
good.pair.b = "y"
assert(Server:is(good))
assert(#Server:check({name = 1, config = {}}) == 3)

-- What a module does not hold is no type, and neither is a module that was not loaded.
type Wrong = {x: m.Missing}
assert(select(2, Wrong:is({x = {}})):message() == "x: expected app.settings.Missing, got table")
type Version = {x: m.version}
assert(not Version:is({x = 1}))

-- A variable of a module's type is of that type, however it is asked.
local settings: m.Config = {host = "h", port = 1}
assert(typeof(settings) == m.Config and not (typeof(settings) ~= m.Config) and typeof(settings) ~= Server)
assert(typeof(settings):kind() == "record" and typeof(settings):name() == "Config")
assert(typeof(settings):is({host = "a", port = 2}) and not typeof(settings):is({host = "a"}))

-- From another scope, and in lists.
local function check(values)
  local cfg = require("app.settings")
  type List = {cfg.Config}
  return List:is(values)
end
assert(check({{host = "a", port = 1}, {host = "b", port = 2}}))
assert(select(2, check({{host = "a", port = 1}, {host = "b"}})):message() == "[2].port: required field missing")

-- Modules whose types lead to each other.
do
  package.preload["app.trees"] = function() return {} end
  local other = require("app.trees")
  type Tree = {value: number, next: other.Tree?}
  package.loaded["app.trees"] = {Tree = Tree}
  local long = {value = 1}
  for i = 1, 20 do long = {value = i, next = long} end
  assert(Tree:is(long))
  long.next.next.value = "x"
  assert(select(2, Tree:is(long)):message() == "next.next.value: expected number, got string")
  long.next.next = long
  long.next.next.value = 1
  -- Too many modules on the way.
  assert(not Tree:is(long))
end

local json = require("json")
assert(json.decode_as(Server, '{"name": "s", "config": {"host": "h", "port": 1}}'))
assert(select(2, json.decode_as(Server, '{"name": "s", "config": {"host": "h", "port": "1"}}')):details().field == "config.port")
