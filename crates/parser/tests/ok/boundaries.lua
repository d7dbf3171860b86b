-- Where one statement ends and the next begins, and tokens that are split or joined.
x = y :: number
::top::
x = y ::a:: z = 1
local y = a as B
as = 5
x = a as(b)
local x: Foo
(f or g)()
f()
(g or h)()
x = {}
(f)()
x = function() end
(f)()
local x: number @int
(f)()
local f: (number) -> string | nil
local x = (v :: any) :: string
x = 8 >> 1 >= 2 > 3
local m: Map<string, Box<number>>= {}
local m: A<B<C<D>>> = 1
local g: Map< <T>(T) -> T, U>
local o: {Item?}
local o: {name ? : string}
function f(): A, B local x = 1 end
function f(): asserts
x = 1 end
local t: typeof(x)
x = typeof(x):kind()
x = y!.f!:g()!
repeat local x = f
until (g)
x = 1 ;(f)()
goto done
::done::
