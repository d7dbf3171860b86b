-- Lua 5.3 manual, section 6.9 (os.execute): the shell calls itself by the name that C's system() gives it.
local message = assert(io.popen("exec 2>&1; no-such-command-here")):read("l")
print(message:match("^[^:]*"))
print((assert(io.popen("echo $0")):read("l")))
print(os.execute("test \"$0\" = sh"))
