-- lines and carets when statements span lines
local id = req.user.id
local sum = a +
  b
  * c
foo
  .bar
  :baz(1,
    x.y
  )
local t = {
  x.y,
  f = z.w
  ,
}
if x.y
then
  call()
end
for i = 1,
  n
do
  t[i] = x .. y ..
    z
end
function t.f
(a)
  return a.
    b
end
while x <
  y do end
t[
  x.y
] = u.v
return function()
end
