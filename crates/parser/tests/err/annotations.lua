local x: = 1
local x: number< = 42
local x = y :: A :: B
local x?: number
for i?: integer = 1, 2 do end
local x: (A, B)
local x: {(A, B)}
local x: () | nil
local x: (...A)
local x: (a: A)
function f(): (A, B), C end
function f(x: (A, B)) end
local x: {[string]: A, [number]: B}
local x: {["a"]: A, [number]: B}
type T = {foo bar: number}
type T = foo {x: number}
type T
type T =
interface T x: number
interface T [string]: number end
interface T function f() x end
local x: A |
local x: A<
local x: A<B
local x = y as
local x = 1 @@ 2
x = y! = 1
x! = 1
x = y!z
local function f(x?: T, y? T) end
