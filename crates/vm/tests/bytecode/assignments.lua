-- order of evaluation and conflicts
local i, t, u = 1, {}, nil
i, t[i] = i + 1, 20
t[i], i = i, 3
t.x, t = 1, 2
i, t, u = f()
i, t = 1, 2, f()
a, b = b, a
t[1], t[i], t.x, t[300], t[-1] = 1, nil, true, "s", i
local p, q, r, s
local v, w = ...
local x, y, z = (...)
local function g() t, t.x = 1, 2 u.y, u = 1 end
