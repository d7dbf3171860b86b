-- A json encoder and decoder over a document, there and back again.
local escapes = {['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t"}
local function encode(v, out)
  local t = type(v)
  if t == "table" then
    if #v > 0 then
      out[#out + 1] = "["
      for i = 1, #v do if i > 1 then out[#out + 1] = "," end encode(v[i], out) end
      out[#out + 1] = "]"
    else
      local keys = {}
      for k in pairs(v) do keys[#keys + 1] = k end
      table.sort(keys)
      out[#out + 1] = "{"
      for i, k in ipairs(keys) do
        if i > 1 then out[#out + 1] = "," end
        out[#out + 1] = '"' .. k .. '":'
        encode(v[k], out)
      end
      out[#out + 1] = "}"
    end
  elseif t == "string" then out[#out + 1] = '"' .. v:gsub('[%c"\\]', escapes) .. '"'
  else out[#out + 1] = tostring(v) end
end
local back = {n = "\n", t = "\t", ['"'] = '"', ["\\"] = "\\"}
local decode
local function skip(s, i) return s:find("%S", i) or #s + 1 end
local function text(s, i)
  local parts, from = {}, i + 1
  while true do
    local j = s:find('["\\]', from)
    parts[#parts + 1] = s:sub(from, j - 1)
    if s:byte(j) == 34 then return table.concat(parts), j + 1 end
    parts[#parts + 1] = back[s:sub(j + 1, j + 1)]
    from = j + 2
  end
end
function decode(s, i)
  i = skip(s, i)
  local c = s:sub(i, i)
  if c == "{" then
    local t = {}
    i = skip(s, i + 1)
    while s:sub(i, i) ~= "}" do
      local k k, i = text(s, skip(s, i))
      i = skip(s, i) + 1
      t[k], i = decode(s, i)
      i = skip(s, i)
      if s:sub(i, i) == "," then i = skip(s, i + 1) end
    end
    return t, i + 1
  elseif c == "[" then
    local t = {}
    i = skip(s, i + 1)
    while s:sub(i, i) ~= "]" do
      t[#t + 1], i = decode(s, i)
      i = skip(s, i)
      if s:sub(i, i) == "," then i = i + 1 end
    end
    return t, i + 1
  elseif c == '"' then return text(s, i)
  elseif c == "t" then return true, i + 4
  elseif c == "f" then return false, i + 5
  else
    local j, e = s:find("^-?[%d.eE+-]+", i)
    return tonumber(s:sub(j, e)), e + 1
  end
end
local document = {}
for i = 1, 150 do
  document[i] = {id = i, name = "item \"" .. i .. "\"", price = i * 1.25, tags = {"a", "b\n", "c"}, stock = i % 3 == 0, at = {x = i, y = -i}}
end
local size
for _ = 1, 60 do
  local out = {}
  encode(document, out)
  local s = table.concat(out)
  document, size = decode(s, 1), #s
end
print("json", size, document[150].name, document[150].price, #document)
assert(size == 15708 and document[150].name == 'item "150"' and document[75].at.y == -75)
