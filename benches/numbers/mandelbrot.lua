-- Float loops without tables.
local inside = 0
for py = 0, 399 do
  local ci = py / 200 - 1
  for px = 0, 599 do
    local cr, zr, zi, n = px / 200 - 2, 0.0, 0.0, 0
    while n < 100 and zr * zr + zi * zi <= 4 do
      zr, zi = zr * zr - zi * zi + cr, 2 * zr * zi + ci
      n = n + 1
    end
    if n == 100 then inside = inside + 1 end
  end
end
local sum = 0.0
for x = 0, 1, 1 / 1048576 do sum = sum + x * (1 - x) end
print("mandelbrot", inside, ("%.6f"):format(sum))
assert(inside == 61972 and ("%.6f"):format(sum) == "174762.666667")
