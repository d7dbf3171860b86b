-- Checks records against a type, in memory and from JSON text. Compare with `validate.mjs` (zod, ajv) and
-- `validate.py` (pydantic), which check the same data; docs/performance.md says how.
--
-- Prints one line per measurement: its name, a tab, nanoseconds per operation.

local json = require("json")

type Address = {
  street: string @min_len(1) @max_len(100),
  city: string,
  zip: string @pattern("^[0-9]{5}$"),
  country: string @min_len(2) @max_len(2),
}

type User = {
  id: integer @min(1),
  name: string @min_len(1) @max_len(80),
  email: string @pattern("^[^@ ]+@[^@ ]+$"),
  age: integer @min(0) @max(150),
  score: number @min(0) @max(1),
  active: boolean,
  role: "admin" | "editor" | "viewer",
  address: Address,
  tags: {string},
  nickname?: string,
}

type Users = {User}

type Flat = {
  id: integer, width: integer, title: string, author: string, published: boolean,
  price: number, weight: number, language: string, pages: integer, available: boolean,
}

type Numbers = {number}

local ROLES = {"admin", "editor", "viewer"}

local function make_users(): {any}
  local users = {}
  for i = 1, 100 do
    users[i] = {
      id = i,
      name = "user number " .. i,
      email = "user" .. i .. "@example.com",
      age = 18 + i % 60,
      score = i / 128,
      active = i % 2 == 0,
      role = ROLES[i % 3 + 1],
      address = {
        street = i .. " Main Street",
        city = "Springfield",
        zip = tostring(10000 + i),
        country = "US",
      },
      tags = {"one", "two", "three", "tag" .. i},
      nickname = i % 4 == 0 and "nick" .. i or nil,
    }
  end
  return users
end

local function make_numbers(): {number}
  local numbers = {}
  for i = 1, 1000 do numbers[i] = i * 0.5 end
  return numbers
end

-- The users as JSON, members in the order in which the other programs write them.
local function to_text(users: {any}): string
  local function member(name, value) return value ~= nil and '"' .. name .. '":' .. json.encode(value) or nil end
  local texts = {}
  for i, user in ipairs(users) do
    local address: {any} = {}
    for at, name in ipairs {"street", "city", "zip", "country"} do address[at] = member(name, user.address[name]) end
    local members: {any} = {}
    for at, name in ipairs {"id", "name", "email", "age", "score", "active", "role"} do
      members[at] = member(name, user[name])
    end
    members[8] = '"address":{' .. table.concat(address, ",") .. "}"
    members[9] = member("tags", user.tags)
    members[10] = member("nickname", user.nickname)
    texts[i] = "{" .. table.concat(members, ",") .. "}"
  end
  return "[" .. table.concat(texts, ",") .. "]"
end

local clock = os.clock

-- The least of several rounds, in nanoseconds per operation; every round takes a twentieth of a second.
local function measure(name: string, operation: (count: integer) -> ())
  local count = 1
  local least = math.huge
  repeat
    local start = clock()
    operation(count)
    local spent = clock() - start
    count = spent > 0.0005 and math.ceil(count * 0.05 / spent) or count * 8
  until spent > 0.02
  for _ = 1, 9 do
    local start = clock()
    operation(count)
    least = math.min(least, (clock() - start) / count)
  end
  print(string.format("%s\t%.1f", name, least * 1e9))
end

local users = make_users()
local text = to_text(users)
local decoded: any = assert(json.decode(text))
local flat = {
  id = 1, width = 2, title = "title", author = "author", published = true,
  price = 1.5, weight = 2.5, language = "en", pages = 9, available = false,
}
local numbers = make_numbers()

assert(Users:is(users) and Users:is(decoded) and #text > 20000)
local broken: any = assert(json.decode(text))
broken[100].address.zip = "1234"
assert(select(2, Users:is(broken)):message() == "[100].address.zip: pattern mismatch")

local only = arg and arg[1]
if only == "text" then
  io.write(text)
  return
end

measure("empty loop", function(count) for _ = 1, count do end end)
measure("users: call", function(count) for _ = 1, count do Users(users) end end)
measure("users: is", function(count) for _ = 1, count do local _ = Users:is(users) end end)
measure("users: is, decoded", function(count) for _ = 1, count do local _ = Users:is(decoded) end end)
measure("users: is, last one wrong", function(count) for _ = 1, count do local _ = Users:is(broken) end end)
measure("flat: call", function(count) for _ = 1, count do Flat(flat) end end)
measure("flat: is", function(count) for _ = 1, count do local _ = Flat:is(flat) end end)
measure("numbers: is", function(count) for _ = 1, count do local _ = Numbers:is(numbers) end end)
measure("text: decode", function(count) for _ = 1, count do local _ = json.decode(text) end end)
measure("text: decode_as", function(count) for _ = 1, count do local _ = json.decode_as(Users, text) end end)
measure("text: decode and is", function(count)
  for _ = 1, count do local _ = Users:is((json.decode(text))) end
end)
