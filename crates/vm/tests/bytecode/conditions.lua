-- conditions are jumps; values of `and` and `or` are moved by the tests
local a, b, c = ...
if a then f() end
if not a then f() else g() end
if a == nil or b ~= 1 then f() elseif a < 10 and 10 < b or c >= a then g() else h() end
local x = a and b or c
x = a == b
x = a < b and c
x = not (a and b)
x = a or b == 1
x = (a and 1 or 2) + 1
x = nil == a, "s" ~= b, 1 == 1
x = a <= 3, 3 <= a, a >= 3, 3 > a, a > b, a <= b, "a" < "b", 1 < 2
while a and b do f() end
while true do f() end
repeat f() until a and not b
repeat f() until true
if a then return end
if false then f() end
if nil and a then f() end
return a and f()
