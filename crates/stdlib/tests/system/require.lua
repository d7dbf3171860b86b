-- Lua 5.3 manual, 6.3: require and package
local folder = os.tmpname()
os.remove(folder)
os.execute("mkdir -p " .. folder .. "/lib/sub")
local function put(name, text) local f = assert(io.open(folder .. "/" .. name, "w")) f:write(text) f:close() end
local function show(...)
  local t = table.pack(...)
  for i = 1, t.n do t[i] = tostring(t[i]):gsub(folder, "DIR", nil) end
  print(table.concat(t, "|"))
end
put("m1.lua", "local name, file = ... return {name, file}")
put("m2.lua", "m2_loaded = (m2_loaded or 0) + 1")
put("m3.lua", "return false")
put("m4.lua", "package.loaded[...] = 'set'")
put("m5.lua", "error('boom')")
put("m6.lua", "error({1})")
put("m8.lua", "#!first line\nreturn debug.getinfo(1, 'l').currentline, 2")
put("m9.lua", "return require('m9b')")
put("m9b.lua", "return 'm9b'")
put("m10.lua", "syntax error here")
put("lib/sub/init.lua", "return ...")
package.path = folder .. "/?.lua;" .. folder .. "/?/init.lua"
package.cpath = ""
show(require"m1"[1], require"m1"[2], require"m1" == require"m1")
show(require"m2", require"m2", m2_loaded, package.loaded.m2)
show(require"m3", package.loaded.m3)
show(require"m4")
show(pcall(require, "m5"))
show(type(select(2, pcall(require, "m6"))))
show(require"m8")
show(require"m9")
show(pcall(require, "m10"))
show(pcall(function() require"m10" end))
show(require"lib.sub", package.loaded["lib.sub"])
show(pcall(require, "none"))
show(pcall(function() require"none.sub" end))
package.preload.pre = function(...) return {...} end
show(#require"pre", require"pre"[1], require"pre"[2])
package.preload.bad = 1
show(pcall(require, "bad"))
table.insert(package.searchers, 1, function(name)
  if name == "magic" then return function(...) return select("#", ...) .. select(2, ...) end, "extra"
  elseif name == "msg" then return "\n\tcustom"
  elseif name == "num" then return 12
  elseif name == "tab" then return {}
  elseif name == "raise" then error("raised", 0) end
end)
package.path = ""
show(require"magic")
show(pcall(require, "msg"))
show(pcall(require, "num"))
show(pcall(require, "tab"))
show(pcall(require, "raise"))
setmetatable(package.loaded, {__index = function(_, k) if k == "viaindex" then return "yes" end end})
show(require"viaindex")
setmetatable(package.loaded, nil)
package.path = nil
show(pcall(require, "m1x"))
package.path = 5
show(pcall(require, "m1x"))
package.searchers = {}
show(pcall(require, "zz"))
package.searchers = nil
show(pcall(require, "zz"))
show(pcall(function() require "zz" end))
show(require"m1"[1])
show(pcall(require))
show(package.searchpath("x", "?;" .. folder .. "/m1.lua"))
show(package.searchpath("a.b", "?.x;;?/y;"))
show(package.searchpath("a.b", "", ""))
show(package.searchpath("a.b", "?", "", ""))
show(package.searchpath("a-b", "?;?", "-", "+"))
show(pcall(package.searchpath, "a"))
show(pcall(package.loadlib, "a"))
show(package.config)
os.execute("rm -r " .. folder)
