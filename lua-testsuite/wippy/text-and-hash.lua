-- Only here: base64, digests and identifiers. Each line is one fact.
local base64, hash, uuid = require("base64"), require("hash"), require("uuid")
local function fails(text, value, e) assert(value == nil and e:kind() == errors.INVALID and e:message():find(text, 1, true), tostring(e)) end

assert(base64.encode("") == "" and base64.encode("fo") == "Zm8=" and base64.decode("Zm\r\n8=") == "fo" and base64.decode("YR==") == "a")
fails("string expected", base64.encode(5)) fails("string expected", base64.decode()) fails("illegal base64 data at input byte 1", base64.decode("Z-g="))
local bytes = {} for i = 0, 255 do bytes[#bytes + 1] = string.char(i) end bytes = table.concat(bytes)
assert(base64.decode(base64.encode(bytes)) == bytes)

assert(hash.md5("abc") == "900150983cd24fb0d6963f7d28e17f72" and #hash.sha1("x", true) == 20 and hash.sha512("abc"):sub(1, 32) == "ddaf35a193617abacc417349ae204131")
assert(hash.sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" and hash.sha1("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d")
assert(hash.hmac_sha256("hello", "secret") == "88aab3ede8d3adf94d26ab90d3bafd4a2083070c3bcce9c014ee04a443847c0b" and #hash.hmac_sha512("", "") == 128)
assert(hash.fnv32("hello") == 3069866343 and hash.fnv64("hello") == 8883723591023973376.0 and math.type(hash.fnv32("")) == "integer")
fails("data must be a string", hash.sha256(5)) fails("secret must be a string", hash.hmac_md5("a", nil))

local ns = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
assert(uuid.v5(ns, "test") == "4be0643f-1d98-573b-97cd-ca98a65347dd" and uuid.v3(ns, "test") == "45a113ac-c7f2-30b0-90a5-a399ab912716")
local last = uuid.v7() for _ = 1, 5000 do local next = uuid.v7() assert(last < next) last = next end
assert(uuid.version(last) == 7 and uuid.version(uuid.v4()) == 4 and uuid.version(uuid.v1()) == 1 and uuid.v4() ~= uuid.v4() and uuid.variant(uuid.v4()) == "RFC4122")
assert(uuid.validate("6BA7B8109DAD11D180B400C04FD430C8") and uuid.validate("{6ba7b810-9dad-11d1-80b4-00c04fd430c8}") and uuid.validate("URN:uuid:" .. ns))
assert(not uuid.validate("6ba7") and not uuid.validate(7) and not uuid.validate(nil) and not uuid.validate("[" .. ns .. "]") and not uuid.validate(ns:gsub("-", "x")))
local i = uuid.parse(ns) assert(i.version == 1 and i.variant == "RFC4122" and i.timestamp == 886630433 and i.node == "\x00\xc0\x4f\xd4\x30\xc8")
assert(uuid.parse("01890a5d-ac96-774b-bcce-b302099a8057").timestamp == 1688096058 and uuid.parse(uuid.v4()).timestamp == nil)
assert(math.abs(uuid.parse(uuid.v1()).timestamp - os.time()) < 5 and math.abs(uuid.parse(uuid.v7()).timestamp - os.time()) < 15)
assert(uuid.format("6BA7B810-9DAD-11D1-80B4-00C04FD430C8", "simple") == "6ba7b8109dad11d180b400c04fd430c8" and uuid.format("6ba7b8109dad11d180b400c04fd430c8", "urn") == "urn:uuid:" .. ns)
fails("unsupported format", uuid.format(uuid.v4(), "short")) fails("invalid UUID format", uuid.format("x", "short")) fails("invalid namespace UUID", uuid.v5("nope", "x"))
fails("input must be a string", uuid.version(3)) fails("namespace and name must be strings", uuid.v3(ns))

local crypto = require("crypto")
assert(#crypto.random.bytes(33) == 33 and crypto.random.string(40, "ab"):find("^[ab]+$") and #crypto.random.uuid() == 36)
assert(crypto.hmac.sha256("secret", "hello") == hash.hmac_sha256("hello", "secret") and crypto.hmac.sha256("", "x") == nil)
fails("length", crypto.random.bytes(0)) fails("charset", crypto.random.string(1, "")) assert(not pcall(crypto.random.bytes, "x"))
assert(crypto.constant_time_compare("a", "a") and not crypto.constant_time_compare("a", "b") and not crypto.constant_time_compare("a", "ab"))
assert(#crypto.pbkdf2("p", "s", 10, 20) == 20 and crypto.pbkdf2("p", "s", 1, 8) ~= crypto.pbkdf2("p", "s", 1, 8, "sha512"))
fails("iterations", crypto.pbkdf2("p", "s", 0, 1)) fails("empty", crypto.pbkdf2("", "s", 1, 1)) fails("hash", crypto.pbkdf2("p", "s", 1, 1, "md5"))
print("ok")
