-- Searching and replacing, with calls in between.
local s = "The quick brown fox"
print(s:find("quick"), s:find("q", 6), s:find("u", -100), s:find("", 100), s:find("", 20), s:find("o.", 1, true))
print(s:find("(%a+) (%a+)"), s:match("(%a+) (%a+)"), s:match("()ick()"), s:match("nothing"), s:match("%s(%S-)%s"))
for word in s:gmatch("%a+") do io.write(word, ";") end print()
for k, v in ("a=1, b=2, c=3"):gmatch("(%w+)=(%w+)") do io.write(k, "->", v, ";") end print()
for p in ("abc"):gmatch("()") do io.write(p, ";") end print()
for p in ("a^b"):gmatch("^b") do io.write(p, ";") end print()
print(s:gsub("%a+", string.upper), s:gsub("o", "0", 1), s:gsub("", "-"))
print(s:gsub("(%a)(%a)", "%2%1"), s:gsub("%a+", "<%0>"), s:gsub("q", "%%"), ("abc"):gsub("b()", "%1"))
print(s:gsub("%a+", { The = "A", quick = 7, brown = false }))
print(s:gsub("%a+", setmetatable({}, { __index = function(_, k) return k:rep(2) end })))
print(s:gsub("%a", function(c) if c:find("[aeiou]") then return c:byte() end end))
print(s:gsub("(%a)(%a+)", function(a, b) return (s.gsub(b, ".", function(c) return c .. a end)) end, 2))
print(("hello world"):gsub("o()", "%1"), ("abc"):gsub("%w*", "x"), ("abc"):gsub("%w-", "x"), ("  trim  "):match("^%s*(.-)%s*$"))
print(("f(a(b)c)d"):match("%b()"), ("THE (quick) fox"):find("%f[%a]%a+%f[%A]", 5), ("[[x]]"):match("%[(.-)%]"))
print(("x"):rep(1000):find(("x?"):rep(50) .. ("x"):rep(50)), ("a,b,,c"):gsub(",", ";"))
for _, case in ipairs { { "%" }, { "[a" }, { "[]" }, { "%f" }, { "%b" }, { "%bx" }, { "%1" }, { "(%1)" }, { ".)" }, { "(." },
  { "%f[" }, { "[a-%" } } do
  print(case[1], pcall(string.find, "abc", case[1]))
end
print(pcall(string.gsub, "x", "x", "%2"), pcall(string.gsub, "x", "x", "%a"), pcall(string.gsub, "x", "x", true))
print(pcall(string.gsub, "x", "x", function() return {} end), pcall(string.gsub, "x", "x", function() error("in", 0) end))
print(pcall(string.rep), pcall(string.find, "a"), pcall(string.gmatch), pcall(string.find, {}, "a"))
local long = ("a"):rep(5000) .. "b" .. ("a"):rep(5000)
print(long:find("a*b"), long:find(".-b"), long:find("[ab]+$"), #long:gsub("a", "xy"), select(2, long:gsub("[^b]", "")))
print((long:gsub("b", function(x) return #long:match("^a+") .. x end)):match("%d+b"))
