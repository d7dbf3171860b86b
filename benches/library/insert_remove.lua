-- table.insert and table.remove at the end, at the front and in the middle; unpack, pack and move.
local insert, remove = table.insert, table.remove
local stack, queue, sum = {}, {}, 0
for i = 1, 1000000 do
  insert(stack, i)
  if i % 3 == 0 then sum = sum + remove(stack) end
  if #stack > 1000 then stack = {} end
end
for i = 1, 12000 do
  insert(queue, 1, i)
  insert(queue, #queue // 2 + 1, -i)
  if #queue > 300 then sum = sum + remove(queue, 1) + remove(queue, #queue // 2) end
end
for i = 1, 100000 do
  local t = table.pack(table.unpack({i, i + 1, i + 2}))
  table.move(t, 1, 3, 2)
  sum = sum + t[4]
end
print("insert_remove", sum, #queue)
assert(sum == 171667083333 and #queue == 300)
