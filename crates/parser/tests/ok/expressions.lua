-- Priorities, associativity, and every kind of literal.
x = 1 + 2 * 3 - 4 / 5 // 6 % 7
x = 2 ^ 3 ^ 4
x = -2 ^ 2
x = 2 ^ -3 ^ 2
x = not a == b
x = - - not # ~ a
x = a .. b .. c .. d
x = a or b and c or d
x = a < b == c > d
x = a | b ~ c & d << e >> f .. g
x = 1 << 2 + 3
x = a >= b, a > b, a >> b, a <= b, a ~= b
x = (a + b) * c
x = #t.field[1](2).x
x = nil, true, false
x = 0, 42, 0xff, 0xA.8p1, 1e3, .5, 3., 9223372036854775808, 0xffffffffffffffffff
x = "a\n\65\x41\u{20AC}\z
     b\
c", 'single', [[
first line end dropped]], [==[ ]] ]==], "\0\255"
x = { }
x = { 1, 2; 3, }
x = { a = 1, ["b"] = 2, [1 + 2] = 3, f(), g; }
x = { { { } } }
x = function() end
x = function(a, b, ...) return ... end
x = (f()).y
x = ("text"):rep(3)
x = a.b["c"].d:e(1)[2]
