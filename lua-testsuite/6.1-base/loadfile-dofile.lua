-- Lua 5.3 manual, section 6.1 (loadfile, dofile): files, shebang lines, modes, missing files.
local name = os.tmpname()
local function write(s) local f = assert(io.open(name, "wb")) f:write(s) f:close() end
local function clean(m) return (tostring(m):gsub(name:gsub("%p", "%%%0"), "FILE")) end
write("return 1, 2, ...") print(dofile(name)) print(loadfile(name)(3))
write("#!/usr/bin/lua\nreturn 'after shebang'") print(dofile(name)) write("# only comment") print(dofile(name)) write("#\nerror('line')") print(clean(select(2, pcall(dofile, name))))
write("\xEF\xBB\xBFreturn 'bom'") print(dofile(name)) write("\xEF\xBB\xBF#x\nreturn 'bom and comment'") print(dofile(name)) write("") print(select("#", dofile(name)))
write("x = ") print(loadfile(name) == nil, clean(select(2, loadfile(name)))) print(clean(select(2, pcall(dofile, name))))
write("return v") print(loadfile(name, "t", {v = "env"})()) print(select(1, loadfile(name, "b")), clean(select(2, loadfile(name, "b"))))
write(string.dump(load("return 'binary'"))) print(dofile(name)) print(select(1, loadfile(name, "t")), clean(select(2, loadfile(name, "t")))) write("# comment\n" .. string.dump(load("return 'binary after comment'"))) print(dofile(name))
write("error({})") print(pcall(dofile, name) == false, type(select(2, pcall(dofile, name)))) write("local a <x") print(clean(select(2, loadfile(name))))
os.remove(name) print(select(1, loadfile(name)), clean(select(2, loadfile(name)))) print(pcall(dofile, "/nonexistent/file.lua")) print(loadfile("/nonexistent/file.lua")) print(pcall(loadfile, {})) print(pcall(dofile, {})) print(pcall(loadfile, "x", {}))
write("return ('\\r\\n'):byte(1, -1)\r\n") print(dofile(name)) write("return [[a\r\nb]]") print(dofile(name):byte(1, -1)) os.remove(name)

