-- Lua 5.3 manual, section 6: every name of the manual's index of functions exists and has its type.
local index = {
  _G = "assert collectgarbage dofile error getmetatable ipairs load loadfile next pairs pcall print rawequal rawget rawlen rawset require select setmetatable tonumber tostring type xpcall",
  coroutine = "create isyieldable resume running status wrap yield",
  debug = "debug gethook getinfo getlocal getmetatable getregistry getupvalue getuservalue sethook setlocal setmetatable setupvalue setuservalue traceback upvalueid upvaluejoin",
  io = "close flush input lines open output popen read tmpfile type write",
  math = "abs acos asin atan ceil cos deg exp floor fmod log max min modf rad random randomseed sin sqrt tan tointeger type ult",
  os = "clock date difftime execute exit getenv remove rename setlocale time tmpname",
  package = "loadlib searchpath",
  string = "byte char dump find format gmatch gsub len lower match pack packsize rep reverse sub unpack upper",
  table = "concat insert move pack remove sort unpack",
  utf8 = "char codepoint codes len offset",
}
local libraries = {}
for name in pairs(index) do libraries[#libraries + 1] = name end
table.sort(libraries)
for _, library in ipairs(libraries) do
  for name in index[library]:gmatch("%S+") do print(library, name, type(_G[library][name])) end
end
print(type(io.stdin), type(io.stdout), type(io.stderr), math.pi, math.huge, math.maxinteger, math.mininteger, type(utf8.charpattern))
print(_VERSION, _G._G == _G, type(package.path), type(package.cpath), type(package.config), type(package.loaded), type(package.preload), #package.searchers)
print(package.loaded._G == _G, package.loaded.string == string, unpack, loadstring, setfenv, getfenv, table.getn, string.gfind)
for _, method in ipairs {"close", "flush", "lines", "read", "seek", "setvbuf", "write"} do print(method, type(io.stdout[method])) end
