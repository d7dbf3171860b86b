-- Lua 5.3 manual, section 3.3.4: a label that is there already; the message names the line where the second one is closed.
print(load("::l::\n\n::l::\n", "=chunk"))
print(load("::l::\n\n::\nl\n::\n\nlocal x", "=chunk"))
print(load("do\n::l::\ndo ::l:: end\n::l:: end", "=chunk"))
