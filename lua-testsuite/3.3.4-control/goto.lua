-- Lua 5.3 manual, section 3.3.4: goto jumps to any visible label; continue; nested loops; closures.
for i = 1, 5 do
  if i % 2 == 0 then goto continue end
  io.write(i, " ")
  ::continue::
end
print()
for i = 1, 3 do for j = 1, 3 do if j == 2 then goto next_i end io.write(i, j, " ") end ::next_i:: end
print()
do local n = 0; ::top:: n = n + 1; if n < 5 then goto top end print(n) end
do goto skip; ::back:: print("back") goto out; ::skip:: goto back end ::out::
local fns = {}
do local i = 1; ::again:: local x = i * 10; fns[i] = function() x = x + 1; return x end; i = i + 1; if i <= 3 then goto again end end
print(fns[1](), fns[1](), fns[2](), fns[3]())
do goto last; local unused; ::last:: end
do local k = 0 ::a:: ::b:: k = k + 1 if k < 3 then goto a elseif k < 6 then goto b end print(k) end
while true do do goto leave end end ::leave::
repeat if true then goto cont end; do local x = 1 end ::cont:: until true
print("end")

