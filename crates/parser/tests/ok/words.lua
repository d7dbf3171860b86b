-- Words that are special only in some places are names everywhere else.
local type, export, interface, as, typeof, keyof, fun, asserts, is, readonly = 1
type = 2
print(type)
x = type
Foo = 3
t.type, t.as, t.is = 1, 2, 3
t:is() t.readonly = 1
t = { type = 1, as = 2, fun = 3, keyof = 4, readonly = 5 }
fun(1)
keyof(x).y = typeof(z)
local function fun() end
function M.typeof() end
function M:keyof() end
asserts "x"
interface = 1
interface(2)
export = type
as = 5
local y = a as B
as = 5
type(x)
type "x"
local z: {readonly: boolean, type: string, as: any, fun: number}
goto type
do ::type:: end
