-- Lua 5.3 manual, section 6.3 (require): loaded, preload, path search, arguments, results.
package.path = "./6.3-modules/modules/?.lua;./6.3-modules/modules/?/init.lua" package.cpath = ""
local m = require("plain") print(m.name, m.arg1, m.arg2) print(require("plain") == m, package.loaded.plain == m) print(select("#", require("plain")))
print(require("noresult"), package.loaded.noresult) print(require("returnsfalse"), package.loaded.returnsfalse) print(require("returnsfalse")) print(require("setsloaded")) print(require("pkg").name, require("pkg.sub").name)
package.preload.pre = function(...) return {args = table.pack(...)} end local p = require("pre") print(p.args.n, p.args[1], p.args[2], require("pre") == p) package.loaded.fake = "fake value" print(require("fake"))
print(pcall(require, "absent.module")) print(pcall(require, "broken")) print(pcall(require, "fails")) print(package.loaded.fails) print(pcall(require)) print(pcall(require, {}))
package.loaded.plain = nil print(require("plain") ~= m) print(require("cycle_a").done, require("cycle_b").done)
