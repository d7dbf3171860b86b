-- Types that several entries share.
local M = {}

type Address = {street: string, zip: string}
type User = {
    name: string @min_len(1),
    age: number @min(0) @max(150),
    email?: string,
    address?: Address,
    tags: {string},
}
type Shape = {kind: "circle", radius: number} | {kind: "square", side: number}
type Box<T> = {value: T}

M.User = User
M.Address = Address
M.Shape = Shape
M.Box = Box

function M.make(name: string, age: number): User
    return {name = name, age = age, tags = {}}
end

return M
