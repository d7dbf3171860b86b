-- Only here: durations, points in time, zones and layouts. Each line is one fact.
local time = require("time")
local function raises(text, f, ...)
  local ok, e = pcall(f, ...)
  assert(not ok, "should raise: " .. text)
  assert(tostring(e):find(text, 1, true), tostring(e))
end
local function fails(kind, text, value, e)
  assert(value == nil and e:kind() == kind and e:retryable() == false, tostring(e))
  assert(e:message():find(text, 1, true), e:message())
end
local function near(a, b) assert(a == b, tostring(a) .. " instead of " .. tostring(b)) end

assert(require("time") == time and package.loaded.time == time)
raises("frozen", function() time.now = nil end)

-- durations
local d = time.parse_duration("1h30m45s500ms")
assert(d:milliseconds() == 5445500 and math.type(d:milliseconds()) == "integer")
assert(d:seconds() == 5445.5 and d:minutes() == 5445.5 / 60 and math.type(d:hours()) == "float")
assert(d:nanoseconds() == 5445500000000 and d:microseconds() == 5445500000)
near(tostring(d), "1h30m45.5s")
near(tostring(time.parse_duration("90m")), "1h30m0s")
near(tostring(time.parse_duration(1500)), "1.5µs")
near(tostring(time.parse_duration(1.9)), "1ns")
near(tostring(time.parse_duration(d)), "1h30m45.5s")
near(time.parse_duration("-1.5ms"):microseconds(), -1500)
fails("Invalid", 'time: unknown unit "d" in duration "1d"', time.parse_duration("1d"))
fails("Invalid", 'time: missing unit in duration "5"', time.parse_duration("5"))
fails("Invalid", 'time: invalid duration "x"', time.parse_duration("x"))
fails("Invalid", "duration must be number or string", time.parse_duration({}))
fails("Invalid", "duration must be number or string", time.parse_duration())
fails("Invalid", "invalid duration", time.parse_duration(1e300))
assert(math.type(5 * time.SECOND) == "integer" and time.SECOND == 1000000000 and time.HOUR == 3600 * time.SECOND)
assert(time.JANUARY == 1 and time.DECEMBER == 12 and time.SUNDAY == 0 and time.SATURDAY == 6)
raises("attempt to perform arithmetic", function() return d + 1 end)
raises("attempt to index", function() d.x = 1 end)

-- making points
local utc = time.utc
near(time.date(2024, 12, 25, 10, 30, 0, 0, utc):format_rfc3339(), "2024-12-25T10:30:00Z")
assert(time.date(2024, 13, 1, 0, 0, 0, 0, utc):year() == 2025)
near(time.date(2024, 2, 30, 25, 61, 61, 1000000001, utc):format(time.RFC3339NANO), "2024-03-02T02:02:02.000000001Z")
raises("bad argument #7", time.date, 2024, 1, 1, 1, 1, 1)
raises("location expected", time.date, 2024, 1, 1, 1, 1, 1, 1, "UTC")
raises("bad argument #2", time.unix, 1)
near(time.unix(0, 1500000000):utc():format("15:04:05.0"), "00:00:01.5")
near(time.unix(-1, -1):utc():format(time.RFC3339NANO), "1969-12-31T23:59:58.999999999Z")
assert(time.parse(time.RFC3339, "2024-12-29T15:04:05Z"):unix() == 1735484645)
fails("Invalid", 'parsing time "x" as "2006": cannot parse "x" as "2006"', time.parse("2006", "x"))

-- zones
local ny = time.load_location("America/New_York")
assert(time.unix(0, 0):in_location(ny):hour() == 19)
near(time.unix(0, 0):in_location(ny):format_rfc3339(), "1969-12-31T19:00:00-05:00")
near(ny:string(), "America/New_York")
near(time.utc:string() .. time.localtz:string(), "UTCLocal")
fails("NotFound", "unknown time zone No/Where", time.load_location("No/Where"))
fails("Invalid", "empty location name", time.load_location(""))
local east = time.fixed_zone("EAST", 5400)
near(time.unix(0, 0):in_location(east):format("15:04 MST -07:00"), "01:30 EAST +01:30")
near(time.unix(0, 0):in_location(east):location():string(), "EAST")
-- the clocks go forward and back
near(time.date(2024, 3, 10, 2, 30, 0, 0, ny):format_rfc3339(), "2024-03-10T03:30:00-04:00")
near(time.date(2024, 11, 3, 1, 30, 0, 0, ny):format_rfc3339(), "2024-11-03T01:30:00-04:00")
near(time.date(2200, 7, 1, 0, 0, 0, 0, ny):format("MST"), "EDT")
raises("location expected", function() return time.now():in_location("UTC") end)

-- arithmetic
local t = time.date(2023, 1, 31, 12, 0, 0, 5, utc)
near(t:add("24h"):sub(t):hours(), 24.0)
near(t:sub(t:add(5)):nanoseconds(), -5)
near(t:add_date(0, 1, 0):format(time.DATE_ONLY), "2023-03-03")
near(t:add_date(1, 1, -30):format(time.DATE_TIME), "2024-02-01 12:00:00")
raises("duration expected", function() return t:add("x") end)
raises("duration expected", function() return t:add({}) end)
local later = t:add(1)
assert(t:before(later) and later:after(t) and not t:equal(later) and t:equal(t:in_location(ny)) and t ~= t:add(0))
raises("time expected", function() return t:before(1) end)
local now = time.now()
assert(now:sub(now):nanoseconds() == 0 and time.now():sub(now):nanoseconds() >= 0 and now:year() >= 2024)
near(now:location():string(), "Local")

-- parts
local p = time.date(2024, 6, 9, 15, 4, 5, 123456789, utc)
assert(p:year() == 2024 and p:month() == 6 and p:day() == 9 and p:hour() == 15 and p:minute() == 4 and p:second() == 5)
assert(p:nanosecond() == 123456789 and p:weekday() == time.SUNDAY and p:year_day() == 161)
near(table.concat({p:date()}, " ") .. " " .. table.concat({p:clock()}, " "), "2024 6 9 15 4 5")
near(p:unix_nano(), 1717945445123456789)
assert(time.date(1, 1, 1, 0, 0, 0, 0, utc):is_zero() and not p:is_zero())

-- rounding
local hour, second = time.parse_duration("1h"), time.parse_duration("1s")
near(p:truncate(hour):format(time.TIME_ONLY), "15:00:00")
near(p:round(hour):format(time.TIME_ONLY), "15:00:00")
near(time.date(2024, 1, 1, 0, 30, 0, 0, utc):round(hour):hour(), 1)
near(p:round(second):format(time.RFC3339NANO), "2024-06-09T15:04:05Z")
near(p:truncate(time.parse_duration(0)):nanosecond(), 123456789)
raises("duration expected", function() return p:truncate("1h") end)
raises("duration expected", function() return p:round(1) end)

-- layouts: formatting
local function shown(layout, expected) near(p:format(layout), expected) end
shown("Mon Jan _2 15:04:05 2006", "Sun Jun  9 15:04:05 2024")
shown("Monday, January 2, 06", "Sunday, June 9, 24")
shown("002|__2|1|01|02|2|_2", "161|161|6|06|09|9| 9")
shown("3:04:05 PM|03 pm", "3:04:05 PM|03 pm")
shown(".000|.999|,0000|.0000000000", ".123|.123|,1234|.1234567890")
near(time.unix(0, 120000000):utc():format("05.000 05.999"), "00.120 00.12")
near(time.unix(0, 0):utc():format("5.999|4"), "0|0")
near(p:in_location(ny):format("-0700 -07:00 -07 -070000 -07:00:00 Z0700 Z07:00 Z07 MST"),
  "-0400 -04:00 -04 -040000 -04:00:00 -0400 -04:00 -04 EDT")
shown("Z0700 Z07:00 Z07 -0700 MST", "Z Z Z +0000 UTC")
shown("Janet said: mon", "Janet said: mon")
near(tostring(p), "2024-06-09 15:04:05.123456789 +0000 UTC")
local layouts = {
  {time.RFC822, "09 Jun 24 15:04 UTC"}, {time.RFC822Z, "09 Jun 24 15:04 +0000"},
  {time.RFC850, "Sunday, 09-Jun-24 15:04:05 UTC"}, {time.RFC1123, "Sun, 09 Jun 2024 15:04:05 UTC"},
  {time.RFC1123Z, "Sun, 09 Jun 2024 15:04:05 +0000"}, {time.KITCHEN, "3:04PM"}, {time.STAMP, "Jun  9 15:04:05"},
  {time.STAMP_MILLI, "Jun  9 15:04:05.123"}, {time.STAMP_MICRO, "Jun  9 15:04:05.123456"},
  {time.STAMP_NANO, "Jun  9 15:04:05.123456789"},
}
for _, case in ipairs(layouts) do near(p:format(case[1]), case[2]) end

-- layouts: parsing
local function read(layout, text, expected, where)
  local found, e = time.parse(layout, text, where or utc)
  near(found and found:format(time.RFC3339NANO) or e:message(), expected)
end
read("2006-01-02 15:04:05", "2024-12-25 10:30:00", "2024-12-25T10:30:00Z")
read("2006-01-02 15:04:05", "2024-12-25 10:30:00.25", "2024-12-25T10:30:00.25Z")
read("15:04:05.000", "10:30:00.25", 'parsing time "10:30:00.25" as "15:04:05.000": cannot parse ".25" as ".000"')
read("Jan _2 2006", "feb  3 2024", "2024-02-03T00:00:00Z")
read("Monday, January 2 2006", "Friday, February 3 2024", "2024-02-03T00:00:00Z")
read("3:04PM", "12:30AM", "0000-01-01T00:30:00Z")
read("3:04PM", "12:30PM", "0000-01-01T12:30:00Z")
read("2006 002", "2024 366", "2024-12-31T00:00:00Z")
read("2006 002", "2023 366", 'parsing time "2023 366": day-of-year out of range')
read("06", "70", "1970-01-01T00:00:00Z")
read("06", "68", "2068-01-01T00:00:00Z")
read("2006-01-02", "2023-02-29", 'parsing time "2023-02-29": day out of range')
read("2006-01-02", "2023-13-01", 'parsing time "2023-13-01": month out of range')
read("15:04", "24:00", 'parsing time "24:00": hour out of range')
read("2006", "2024x", 'parsing time "2024x": extra text: "x"')
read(time.RFC3339, "2024-06-09T15:04:05+02:30", "2024-06-09T15:04:05+02:30")
read(time.RFC3339, "2024-06-09T15:04:05-04:00", "2024-06-09T15:04:05-04:00", ny)
near(time.parse(time.RFC3339, "2024-06-09T15:04:05-04:00", ny):location():string(), "America/New_York")
read(time.RFC1123, "Sun, 09 Jun 2024 15:04:05 EDT", "2024-06-09T15:04:05-04:00", ny)
read(time.RFC1123, "Sun, 09 Jun 2024 15:04:05 XYZ", "2024-06-09T15:04:05Z")
near(time.parse(time.RFC1123, "Sun, 09 Jun 2024 15:04:05 XYZ"):location():string(), "XYZ")
read("15:04 MST", "10:00 GMT+3", "0000-01-01T10:00:00+03:00")
read("2006-01-02", "2024-07-01", "2024-07-01T00:00:00-04:00", ny)
print("ok")
