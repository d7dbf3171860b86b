-- gsub with strings, tables and functions as replacement.
local template = ("Dear $name, your $item (no. $number) costs $price.\n"):rep(30)
local values = {name = "Ada", item = "engine", number = 1842, price = "12.50"}
local total = 0
for i = 1, 1500 do
  values.number = i
  total = total + #template:gsub("%$(%w+)", values)
  total = total + #template:gsub("%a+", string.upper)
  total = total + #template:gsub("(%w+) (%w+)", "%2 %1")
  total = total + select(2, template:gsub("%s", ""))
  total = total + #template:gsub("[&<>$]", function(c) return c == "$" and "USD" or "&" .. c .. ";" end)
  total = total + #("  trim me  "):rep(10):gsub("^%s+", ""):gsub("%s+$", "")
end
print("substitute", total)
assert(total == 9800790)
