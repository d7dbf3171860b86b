-- forward, backward, out of blocks, continue
local i = 1
::top::
i = i + 1
if i < 3 then goto top end
for j = 1, 3 do
  if j == 2 then goto continue end
  print(j)
  ::continue::
end
do
  local x = i
  print(function() return x end)
  if x then goto top end
  goto out
end
::out::
while i do
  local y
  ::again::
  local z = function() return y end
  if z then goto again end
  if y then break else break end
end
goto done
::done::
