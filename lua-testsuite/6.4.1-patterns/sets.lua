-- Lua 5.3 manual, section 6.4.1: sets, ranges, complements, special members.
print(("hello"):match("[aeiou]"), ("hello"):match("[^aeiou]"), ("x5"):match("[0-9]"), ("a-z"):match("[a%-z]+"), ("-"):match("[-a]"), ("-"):match("[a-]"), ("]"):match("[]]"), ("]x"):match("[^]]"), ("^"):match("[x^]"), ("a]b"):match("[%]]"), ("%"):match("[%%]"), ("[x"):match("[[]"))
print(("abc123"):match("[%a]+"), ("abc123"):match("[%d]+"), ("abc_123"):match("[%w_]+"), ("\0x"):match("[\0]") == "\0", ("\200"):match("[\128-\255]") == "\200", ("m"):match("[a-ck-n]"), ("z"):match("[z-a]"), ("b"):match("[a-%a]"), ("-"):match("[%a-z]"), ("x"):match("[^%s%d]")) for _, p in ipairs {"[", "[a", "[^", "[]", "[^]", "[%", "[a-", "[%a", "[a%"} do print(p, pcall(string.find, "a", p)) end

