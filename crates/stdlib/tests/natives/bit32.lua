-- Words of 32 bits.
print(bit32.band(), bit32.band(-1), bit32.band(0xff, 0x0f), bit32.bor(1, 2, 4), bit32.bxor(5, 3), bit32.bnot(0), bit32.btest(1, 2), bit32.btest(3, 2))
print(bit32.lshift(1, 31), bit32.lshift(1, 32), bit32.lshift(8, -3), bit32.rshift(-1, 28), bit32.rshift(1, -4), bit32.lshift(1, math.mininteger))
print(bit32.arshift(0x80000000, 4), bit32.arshift(-1, 40), bit32.arshift(1, -1), bit32.lrotate(1, 33), bit32.rrotate(1, 1), bit32.lrotate(1, -1))
print(bit32.extract(0xabcd, 4), bit32.extract(0xabcd, 4, 8), bit32.extract(-1, 0, 32), bit32.replace(0, 5, 2, 3), bit32.replace(-1, 0, 8, 16))
for _, case in ipairs { { bit32.band, 1.5 }, { bit32.band, {} }, { bit32.extract, 1, 32 }, { bit32.extract, 1, -1 }, { bit32.extract, 1, 31, 2 },
  { bit32.extract, 1, 3, 0 }, { bit32.replace, 1 }, { bit32.lshift, 1 } } do print(pcall(table.unpack(case, 1, 5))) end
