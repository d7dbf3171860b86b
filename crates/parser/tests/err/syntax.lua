x = = 1
x = y = 3
for x in y z
for 1
local function 1
f(
f(a b)
a.b:c = 1
goto 1
::a
::1::
x = function(a,1) end
x = function(..., a) end
x = function(a b) end
x = }
return return
return x y
return; x
do return 1 2 end
repeat return 1 end
x = {a b}
x={[1]}
x={[1}
if x
if x the
while x
for a,b
for a.b
for a=1
for a=1,2,3,4 do end
for a=1 do
a.1
a:b
a.b
a
a,b
a,b c
a, f() = 1
(a)
(a)=1
f()=1
f(), x = 1
local x = f() = 1
local a.b
local 1
do\n\n
if x then\n\nuntil
if x then else else end
x = (1\n
x = (\n1\n]
f\n(\n1 2
x = {\n1 2
else
x = 'a' y
function f
function f.
function f:a.b() end
function 1
function f() end end
x=function f() end
x = [[a]] + "b\n"
x = = "a\\tb"
repeat x
repeat\nx\nend
x = #
x = not
x = a ->b
$
x = @
x = 'a\q'
x = 3x4f
x = 0xep1.5
-- [[ x
