-- Lua 5.3 manual, section 6.1 (select): from an index, from the end, the count.
print(select(1, "a", "b", "c")) print(select(2, "a", "b", "c")) print(select(3, "a", "b", "c")) print(select(4, "a", "b", "c")) print(select(100, "a"))
print(select(-1, "a", "b", "c")) print(select(-3, "a", "b", "c")) print(select("#")) print(select("#", nil, nil)) print((select(2, "a", "b", "c")))
print(pcall(select)) print(pcall(select, 0, 1)) print(pcall(select, -2, 1)) print(pcall(select, "x")) print(pcall(select, 1.5)) print(pcall(select, {})) print(select("2", "a", "b"))

