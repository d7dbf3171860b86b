-- Lua 5.3 manual, section 6.4.1: character classes over all bytes, and their complements.
for _, c in ipairs {"a", "c", "d", "g", "l", "p", "s", "u", "w", "x"} do local n, sum, m = 0, 0, 0 for b = 0, 255 do if string.char(b):find("%" .. c) then n = n + 1 sum = sum + b end if string.char(b):find("%" .. c:upper()) then m = m + 1 end end print(c, n, sum, m) end
print(("a.b"):match("%."), ("a%b"):match("%%"), ("x-y"):match("%-"), ("[]"):match("%[%]"), ("^$"):match("%^%$"), ("\n"):find("."), ("é"):find("..")) local all = 0 for b = 0, 255 do if string.char(b):find(".") then all = all + 1 end end print(all)
print(("f(a,b)"):match("%((.-)%)"), ("_x1"):match("[%a_][%w_]*"), ("tab\there"):match("%s"):byte()) print(pcall(string.find, "a", "%")) print(("q"):find("%q"), pcall(string.find, "a", "%")) print(("z"):match("%z"), ("\0"):match("%z") ~= nil)

