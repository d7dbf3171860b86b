-- Lua 5.3 manual, section 6.4 (format): %d %i %u %c %o %x %X with flags, width and precision.
for _, f in ipairs {"%d", "%5d", "%-5d|", "%05d", "%+d", "% d", "%.3d", "%8.3d", "%-8.3d|", "%+05d", "%i", "%.0d", "%3d"} do print(f, f:format(42), f:format(-42), f:format(0), f:format(3.0), f:format("7")) end
for _, f in ipairs {"%x", "%X", "%#x", "%#X", "%08x", "%.4x", "%o", "%#o", "%5o"} do print(f, f:format(255), f:format(0), f:format(-1), f:format(math.maxinteger)) end print(("%d %d"):format(math.maxinteger, math.mininteger)) print(("%c%c%c"):format(76, 117, 97), ("%c"):format(0) == "\0", ("%5c|%-5c|"):format(65, 66), ("%c"):format(321) == "A")
for _, a in ipairs {{"%d", 1.5}, {"%d", "x"}, {"%d"}, {"%d", {}}, {"%x", 1.5}, {"%c", "x"}, {"%d", 2 ^ 63}, {"%d", "1.5"}, {"%d", nil}, {"%i", true}, {"%o", -1.5}} do print(pcall(string.format, table.unpack(a))) end print(pcall(string.format, "%u", 1))

