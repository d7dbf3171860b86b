-- A life board: neighbours in a two-dimensional array that wraps around.
local w, h = 96, 64
local board = {}
local seed = 7
for y = 1, h do
  board[y] = {}
  for x = 1, w do seed = (seed * 1103515245 + 12345) & 0x7fffffff board[y][x] = (seed >> 16) & 1 end
end
local function step(old)
  local new = {}
  for y = 1, h do
    local up, row, down, out = old[(y - 2) % h + 1], old[y], old[y % h + 1], {}
    for x = 1, w do
      local l, r = (x - 2) % w + 1, x % w + 1
      local n = up[l] + up[x] + up[r] + row[l] + row[r] + down[l] + down[x] + down[r]
      if n == 3 or n == 2 and row[x] == 1 then out[x] = 1 else out[x] = 0 end
    end
    new[y] = out
  end
  return new
end
for _ = 1, 260 do board = step(board) end
local alive, mark = 0, 0
for y = 1, h do for x = 1, w do if board[y][x] == 1 then alive = alive + 1 mark = (mark * 31 + x * y) % 1000003 end end end
print("life", alive, mark)
assert(alive == 273 and mark == 994071)
