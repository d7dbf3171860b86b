-- Building strings: concatenation in a loop, long chains, table.concat, rep.
local total, last = 0, ""
for round = 1, 200 do
  local s = ""
  for i = 1, 1500 do s = s .. (i % 10) end
  total = total + #s
end
local parts = {}
for i = 1, 700000 do
  parts[#parts + 1] = "k" .. i % 100 .. "=" .. i .. ";"
  if #parts == 1000 then last = table.concat(parts) total = total + #last parts = {} end
end
for i = 1, 20000 do total = total + #(("ab"):rep(i % 50, "-")) end
print("build", total, last:sub(-12))
assert(total == 9269295 and last:sub(-12) == "9;k0=700000;")
