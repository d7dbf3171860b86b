local M = {} package.loaded[...] = M
M.b = require("cycle_b") M.done = M.b.done and "a after b"
return M
