-- Durations, waiting, points in time, layouts and zones: spec of time, row by row.
local rows = require("rows")
local eq, fails = rows.eq, rows.fails

local function since(t) return time.now():sub(t):milliseconds() end

local list = {
    {"sleep nanoseconds", function() local t = time.now(); time.sleep(5); assert(since(t) < 5000); eq(select("#", time.sleep(1)), 0) end},
    {"sleep string", function() local t = time.now(); time.sleep("30ms"); assert(since(t) >= 30) end},
    {"sleep of any kind", function() local t = time.now(); time.sleep(2 * time.MILLISECOND); time.sleep(0.5 * time.MILLISECOND); time.sleep(time.parse_duration("1ms")); assert(since(t) >= 3); time.sleep(-5); time.sleep(0) end},
    {"sleep bad", function() local r, e = time.sleep("1d"); assert(r == nil and e:kind() == errors.INVALID); fails(errors.INVALID, time.sleep({})) end},
    {"parse_duration", function()
        local d = time.parse_duration("1h30m45s500ms"); assert(d:milliseconds() == 5445500 and d:seconds() == 5445.5)
        eq(math.type(d:milliseconds()), "integer"); eq(math.type(d:seconds()), "float"); eq(math.type(d:minutes()), "float"); eq(math.type(d:hours()), "float"); eq(math.type(d:nanoseconds()), "integer"); eq(math.type(d:microseconds()), "integer")
        eq(time.parse_duration("1.5h"):minutes(), 90.0); eq(time.parse_duration(".5s"):milliseconds(), 500); eq(time.parse_duration("-1s"):seconds(), -1.0); eq(time.parse_duration("+2us"):nanoseconds(), 2000); eq(time.parse_duration("3µs"):nanoseconds(), 3000); eq(time.parse_duration("0"):nanoseconds(), 0); eq(time.parse_duration(1500):nanoseconds(), 1500); eq(time.parse_duration(1.9):nanoseconds(), 1); eq(time.parse_duration(d):hours(), d:hours())
    end},
    {"parse_duration bad", function()
        for text, message in pairs{["5"] = 'time: missing unit in duration "5"', ["1d"] = 'time: unknown unit "d" in duration "1d"', ["x"] = 'time: invalid duration "x"', [""] = 'time: invalid duration ""', ["1s 2s"] = 'time: unknown unit "s " in duration "1s 2s"'} do eq(fails(errors.INVALID, time.parse_duration(text)):message(), message) end
        eq(fails(errors.INVALID, time.parse_duration({})):message(), "duration must be number or string"); fails(errors.INVALID, time.parse_duration("9999999999h"))
    end},
    {"duration text", function() for from, to in pairs{["90m"] = "1h30m0s", ["1h30m45.5s"] = "1h30m45.5s", ["500ms"] = "500ms", ["1500ns"] = "1.5µs", ["0"] = "0s", ["-2s"] = "-2s", ["61s"] = "1m1s"} do eq(tostring(time.parse_duration(from)), to) end end},
    {"constants integer", function() assert(math.type(5 * time.SECOND) == "integer" and time.SECOND == 1000000000); eq(time.NANOSECOND, 1); eq(time.MICROSECOND, 1000); eq(time.MILLISECOND, 1000000); eq(time.MINUTE, 60 * time.SECOND); eq(time.HOUR, 3600 * time.SECOND); eq(time.JANUARY, 1); eq(time.DECEMBER, 12); eq(time.SUNDAY, 0); eq(time.SATURDAY, 6) end},
    {"after closes", function() local c = time.after("1ms"); local v, a = c:receive(); local _, b = c:receive(); assert(a and b == false); assert(v:unix() > 0) end},
    {"after bad", function() local c, e = time.after(0); assert(c == nil and e:kind() == errors.INVALID); eq(e:message(), "time.after: duration must be > 0"); fails(errors.INVALID, time.after("x")) end},
    {"timer", function() eq(fails(errors.INVALID, time.timer(0)):message(), "time.timer: duration must be > 0"); local t = time.timer("1ms"); local v, ok = t:channel():receive(); assert(v and ok); eq(select(2, t:channel():receive()), false) end},
    {"timer stop", function() local t = time.timer("1h"); assert(t:stop() == true and t:stop() == false and select(2, t:channel():receive()) == false) end},
    {"timer reset", function() local t = time.timer("1h"); assert(t:reset("1ms") == true); t:channel():receive(); assert(t:reset("1ms") == false); local u = time.timer("1h"); local ok, e = pcall(u.reset, u, 0); assert(not ok and tostring(e):find("timer:reset:", 1, true), tostring(e)) end},
    {"same channel", function() local t = time.timer("1h"); assert(t:channel() == t:response()); local k = time.ticker("1h"); assert(k:channel() == k:response()) end},
    {"ticker", function() local t = time.ticker("5ms"); for i = 1, 3 do assert(t:channel():receive()) end; assert(t:stop()); assert(t:stop()); eq(fails(errors.INVALID, time.ticker(0)):message(), "time.ticker: duration must be > 0") end},
    {"ticker drops", function() local t = time.ticker("1ms"); time.sleep("100ms"); t:stop(); local n = 0; while select(2, t:channel():receive()) do n = n + 1 end; assert(n <= 16 and n >= 1, n) end},
    {"order of equal deadlines", function() local s = ""; for i = 1, 3 do coroutine.spawn(function() time.sleep("3ms"); s = s .. i end) end; time.sleep("20ms"); eq(s, "123") end},
    {"date and format", function() assert(time.date(2024, 12, 25, 10, 30, 0, 0, time.utc):format_rfc3339() == "2024-12-25T10:30:00Z"); assert(not pcall(time.date, 2024, 1, 1)) end},
    {"normalise", function() assert(time.date(2024, 13, 1, 0, 0, 0, 0, time.utc):year() == 2025); local d = time.date(2024, 1, 31, 0, 0, 0, 0, time.utc):add_date(0, 1, 0); eq(d:month(), 3); eq(d:day(), 2) end},
    {"parse", function()
        assert(time.parse(time.RFC3339, "2024-12-29T15:04:05Z"):unix() == 1735484645); eq(time.parse(time.RFC3339, "2024-12-29T15:04:05+02:00"):utc():hour(), 13)
        eq(time.parse("2006-01-02", "2024-02-29", time.utc):unix(), 1709164800); eq(time.parse("2006-01-02 15:04:05", "2024-02-29 10:11:12.345", time.utc):nanosecond(), 345000000)
        eq(time.parse("Jan 2, 2006 at 3:04pm (MST)", "Feb 3, 2013 at 7:54pm (PST)"):hour(), 19); eq(time.parse("15:04", "10:20", time.utc):year(), 0); eq(time.parse("Monday, 02-Jan-06 15:04:05 MST", "Tuesday, 10-Nov-09 23:00:00 UTC"):unix(), 1257894000)
        eq(time.parse("2006-002", "2024-060", time.utc):month(), 2)
    end},
    {"parse bad", function() local t, e = time.parse("2006", "x"); assert(t == nil and e:kind() == errors.INVALID); fails(errors.INVALID, time.parse("2006-01-02", "2023-02-29")); fails(errors.INVALID, time.parse("2006-01-02", "2023-02-28 extra")) end},
    {"zones", function() local ny = assert(time.load_location("America/New_York")); assert(time.unix(0, 0):in_location(ny):hour() == 19); eq(ny:string(), "America/New_York"); eq(time.utc:string(), "UTC"); eq(time.unix(0, 0):utc():location():string(), "UTC"); local tokyo = time.fixed_zone("JST", 9 * 3600); eq(time.unix(0, 0):in_location(tokyo):format("15:04 MST -0700"), "09:00 JST +0900"); eq(time.date(2024, 7, 1, 12, 0, 0, 0, ny):utc():hour(), 16) end},
    {"unknown zone", function() local _, e = time.load_location("No/Where"); assert(e:kind() == errors.NOT_FOUND); eq(fails(errors.INVALID, time.load_location("")):message(), "empty location name"); assert(time.load_location("UTC") and time.load_location("Local") and time.load_location("Europe/Berlin")) end},
    {"add, sub", function() local t = time.now(); assert(t:add("24h"):sub(t):hours() == 24.0); eq(t:sub(t:add("1s")):seconds(), -1.0); assert(not pcall(t.add, t, {})); local ok, e = pcall(t.add, t, "x"); assert(not ok and tostring(e):find("duration expected"), tostring(e)) end},
    {"compare", function() local a, b = time.unix(1, 0), time.unix(2, 0); assert(a:before(b) and b:after(a) and not a:equal(b) and a:equal(time.unix(1, 0):utc())); local ok, e = pcall(a.before, a, 1); assert(not ok and tostring(e):find("time expected"), tostring(e)); assert(a ~= time.unix(1, 0)) end},
    {"fields", function()
        local t = time.date(2024, 2, 29, 13, 14, 15, 16, time.utc); local y, mo, d = t:date(); assert(y == 2024 and mo == 2 and d == 29); local h, mi, s = t:clock(); assert(h == 13 and mi == 14 and s == 15)
        eq(t:year(), 2024); eq(t:month(), 2); eq(t:day(), 29); eq(t:hour(), 13); eq(t:minute(), 14); eq(t:second(), 15); eq(t:nanosecond(), 16); eq(t:weekday(), 4); eq(t:year_day(), 60); eq(math.type(t:unix()), "integer"); eq(t:unix_nano(), t:unix() * 1000000000 + 16)
        eq(tostring(t), "2024-02-29 13:14:15.000000016 +0000 UTC"); eq(time.date(1, 1, 1, 0, 0, 0, 0, time.utc):is_zero(), true); eq(t:is_zero(), false)
    end},
    {"unix", function() eq(time.unix(1700000000, 5):unix(), 1700000000); eq(time.unix(1, 5):nanosecond(), 5); assert(not pcall(time.unix, 1)) end},
    {"truncate needs Duration", function()
        assert(not pcall(function() return time.now():truncate("1h") end)); local ok, e = pcall(function() return time.now():round(5) end); assert(not ok and tostring(e):find("duration expected"), tostring(e))
        local t = time.date(2024, 1, 1, 13, 45, 0, 0, time.utc); local h = time.parse_duration("1h"); eq(t:truncate(h):minute(), 0); eq(t:round(h):hour(), 14); eq(t:truncate(time.parse_duration("0")):minute(), 45)
    end},
    {"in_location misuse", function() local ok, e = pcall(function() return time.now():in_location("UTC") end); assert(not ok and tostring(e):find("location expected"), tostring(e)) end},
    {"layout fractions", function() assert(time.unix(0, 120000000):utc():format("05.000 05.999") == "00.120 00.12"); eq(time.unix(0, 0):utc():format("05.999"), "00"); eq(time.unix(0, 5000000):utc():format("05,000"), "00,005") end},
    {"layouts", function()
        local t = time.date(2009, 2, 4, 5, 0, 57, 12345600, time.utc)
        eq(t:format(time.RFC3339), "2009-02-04T05:00:57Z"); eq(t:format(time.RFC3339NANO), "2009-02-04T05:00:57.0123456Z"); eq(t:format(time.RFC822), "04 Feb 09 05:00 UTC"); eq(t:format(time.RFC822Z), "04 Feb 09 05:00 +0000"); eq(t:format(time.RFC850), "Wednesday, 04-Feb-09 05:00:57 UTC"); eq(t:format(time.RFC1123), "Wed, 04 Feb 2009 05:00:57 UTC"); eq(t:format(time.RFC1123Z), "Wed, 04 Feb 2009 05:00:57 +0000")
        eq(t:format(time.DATE_TIME), "2009-02-04 05:00:57"); eq(t:format(time.DATE_ONLY), "2009-02-04"); eq(t:format(time.TIME_ONLY), "05:00:57"); eq(t:format(time.KITCHEN), "5:00AM"); eq(t:format(time.STAMP), "Feb  4 05:00:57"); eq(t:format(time.STAMP_MILLI), "Feb  4 05:00:57.012"); eq(t:format(time.STAMP_MICRO), "Feb  4 05:00:57.012345"); eq(t:format(time.STAMP_NANO), "Feb  4 05:00:57.012345600")
        eq(t:format("2006 06 01 1 Jan January 02 2 _2 002 __2 Mon Monday"), "2009 09 02 2 Feb February 04 4  4 035  35 Wed Wednesday"); eq(t:format("15 03 3 04 4 05 5 PM pm"), "05 05 5 00 0 57 57 AM am"); eq(t:format("-0700 -07:00 -07 Z0700 Z07:00 Z07"), "+0000 +00:00 +00 Z Z Z")
        local z = t:in_location(time.fixed_zone("X", -(3 * 3600 + 30 * 60))); eq(z:format("MST -0700 -07:00 Z07:00 -070000 -07:00:00"), "X -0330 -03:30 -03:30 -033000 -03:30:00")
    end},
}

return {run = function() return rows.run(list) end}
