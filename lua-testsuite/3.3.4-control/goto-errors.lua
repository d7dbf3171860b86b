-- Lua 5.3 manual, section 3.3.4: no jump into a scope of a label or of a local; labels are unique in a function's block.
for _, s in ipairs {
  "goto missing", "do ::inner:: end goto inner", "goto f; local x; ::f:: print(x)", "::a:: ::a::", "::a:: do ::a:: end",
  "goto l; do ::l:: end", "goto = 1", "local function f() goto out end ::out::", "repeat goto c; local x; ::c:: until x", "goto 1", "::1::", "::a", "goto f; local x; ::f::",
  "do goto f; local a; ::f:: ; end", "break", "\n\n goto nowhere", "if x then goto l end\nlocal a\n::l::\nlocal b",
} do print((s:gsub("\n", "\\n")), (select(2, load(s, "=g")))) end

