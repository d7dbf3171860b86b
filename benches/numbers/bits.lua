-- Integer and bitwise loops: random numbers, a checksum, population counts, greatest common divisors.
local x = 0x2545F4914F6CDD1D
local function next_random()
  x = x ~ (x << 13)
  x = x ~ (x >> 7)
  x = x ~ (x << 17)
  return x
end
local ones, sum, gcds = 0, 0, 0
for _ = 1, 250000 do
  local v = next_random()
  sum = sum + (v >> 40)
  local w = v
  while w ~= 0 do w = w & (w - 1) ones = ones + 1 end
  local a, b = v >> 44, (v & 0xfffff) + 1
  while b ~= 0 do a, b = b, a % b end
  gcds = gcds + a
end
local crcs = {}
for i = 0, 255 do
  local c = i
  for _ = 1, 8 do if c & 1 == 1 then c = 0xEDB88320 ~ (c >> 1) else c = c >> 1 end end
  crcs[i] = c
end
local crc = 0xffffffff
for i = 1, 4000000 do crc = crcs[(crc ~ i) & 0xff] ~ (crc >> 8) end
print("bits", ones, sum, gcds, ~crc & 0xffffffff)
assert(ones == 8000050 and sum == 2095796459496 and gcds == 2002449 and ~crc & 0xffffffff == 1961460898)
