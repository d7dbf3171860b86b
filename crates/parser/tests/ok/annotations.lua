-- Types wherever they may stand.
local a: integer, b: string? = 1, nil
local c: {number} = {}
local d: {[string]: number} = {}
local e: {name: string, age?: integer, readonly id: number, [string]: any}
local f: (number, string?) -> string | nil
local g: (() -> number)? = nil
local h: fun(x: number, ...: string): boolean
local i: fun()
local j: Map<string, Box<number>>= {}
local k: "a" | 'b' | 1 | -2 | 1.5 | true | nil
local l: | A | B & C
local m: & A & B
local n: number[][]?
local o: T["field"]
local p: readonly {string}
local q: readonly {x: number}
local r: {["content-type"]: string}
local s: {number @min(0)} @max_len(3) = {1}
local t: string @pattern("^a+$") @deprecated
local u: typeof(f(x)) | keyof(T)
local v: <T, U: Bound = D>(x: T, ...U) -> (T, ...U)
local w: () -> ()
local x: (a: A, b?: B, ...any) -> (A, B)
local y: json.Value<integer>
local z: A | (B) -> C
local aa: A & (B) -> C
local bb: A | B & () -> C
local cc: interface {x: number}
local dd: (A)
function typed<T, U: number = integer>(a: T, b?: U, ...: any): T, U end
function packed(): (A, ...B) end
function nothing(): () end
function check(x: any): asserts x is number end
function check2(x): asserts x end
local function id<T>(x: T): T return x end
h = function<T>(x: T): T return x end
for i: integer = 1, 3 do end
for k: string, v in pairs(t) do end
type Point = {x: number, y: number}
export type R<T, E> =
    {ok: true, value: T}
    | {ok: false, error: E}
interface Shape<T>: Base, other.Base<T>
    name: string
    readonly id?: number,
    function area(self): number
    function scale<U>(self, by: U, ...: any): (number, string)
    function plain()
end
export interface Empty end
x = v :: string | number
x = (v :: integer) | 1
x = v as {number} as any
x = -y :: number
x = y! + z!.field!
x = (y :: T?)!
x = (y :: T)!!
f(a :: number, b as string).c!.d()
if (v :: number) < 5 then end
x = y :: number
::top::
x = y ::label:: z = 1
