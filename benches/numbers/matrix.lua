-- Nested arrays: multiplication of matrices, transposition, elimination.
local function matrix(n, f)
  local m = {}
  for i = 1, n do
    local row = {}
    for j = 1, n do row[j] = f(i, j) end
    m[i] = row
  end
  return m
end
local function multiply(a, b)
  local n = #a
  local c = {}
  for i = 1, n do
    local ai, ci = a[i], {}
    for j = 1, n do
      local s = 0
      for k = 1, n do s = s + ai[k] * b[k][j] end
      ci[j] = s
    end
    c[i] = ci
  end
  return c
end
local a, b = matrix(140, function(i, j) return (i * j) % 7 end), matrix(140, function(i, j) return (i + j) % 5 end)
local c = multiply(multiply(a, b), a)
local trace = 0
for i = 1, #c do trace = trace + c[i][i] end
local f = matrix(120, function(i, j) return i == j and 130.0 or 1 / (i + j) end)
for k = 1, #f do
  for i = k + 1, #f do
    local q = f[i][k] / f[k][k]
    for j = k, #f do f[i][j] = f[i][j] - q * f[k][j] end
  end
end
print("matrix", trace, ("%.9f"):format(f[120][120]))
assert(trace == 42336000 and ("%.9f"):format(f[120][120]) == "129.999968652")
