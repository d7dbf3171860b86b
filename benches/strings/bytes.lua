-- Byte-wise work: byte, char, sub, reversal, a cipher and a run-length code.
local text = ("The quick brown fox jumps over the lazy dog. "):rep(40)
local byte, char, sub = string.byte, string.char, string.sub
local sum = 0
for round = 1, 300 do
  local out = {}
  for i = 1, #text do
    local b = byte(text, i)
    if b >= 97 and b <= 122 then b = (b - 97 + round) % 26 + 97 end
    out[i] = char(b)
  end
  local coded = table.concat(out)
  for i = 1, #coded, 3 do if sub(coded, i, i) == "e" then sum = sum + i end end
end
local runs, i = {}, 1
local long = ("a"):rep(20) .. ("bc"):rep(10) .. ("d"):rep(100)
long = long:rep(400)
while i <= #long do
  local j = i
  while j < #long and byte(long, j + 1) == byte(long, i) do j = j + 1 end
  runs[#runs + 1] = sub(long, i, i) .. (j - i + 1)
  i = j + 1
end
for i = 1, 500000 do sum = sum + #text:sub(i % 100 + 1, i % 100 + 20):reverse():upper() end
print("bytes", sum, #runs, runs[1], runs[#runs])
assert(sum == 13755960 and #runs == 8800)
