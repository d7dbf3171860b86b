-- The test module that every application may import as wippy.test:test.
--
-- Cases are collected by `describe` and `it` while the function given to `run_cases` runs, and are run afterwards, in
-- order. The result is a plain table, so that whoever called the test function can read it.

local test = {}

local current -- the suite that is being described

local function fail(message, level)
    error(message, (level or 1) + 1)
end

local function show(value, depth)
    depth = depth or 0
    if type(value) == "string" then
        return string.format("%q", value)
    elseif type(value) == "table" and depth < 3 then
        local parts, count = {}, 0
        local keys = {}
        for key in pairs(value) do
            keys[#keys + 1] = key
        end
        table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
        for _, key in ipairs(keys) do
            count = count + 1
            if count > 20 then
                parts[#parts + 1] = "..."
                break
            end
            local name = type(key) == "string" and key or "[" .. tostring(key) .. "]"
            parts[#parts + 1] = name .. " = " .. show(value[key], depth + 1)
        end
        return "{" .. table.concat(parts, ", ") .. "}"
    end
    return tostring(value)
end

-- The path of the first difference, or nil.
local function difference(a, b, path, seen)
    if a == b then
        return nil
    end
    if type(a) ~= "table" or type(b) ~= "table" then
        return path, a, b
    end
    if seen[a] == b then
        return nil
    end
    seen[a] = b
    for key, value in pairs(a) do
        local where, x, y = difference(value, b[key], path .. "." .. tostring(key), seen)
        if where then
            return where, x, y
        end
    end
    for key, value in pairs(b) do
        if a[key] == nil then
            return path .. "." .. tostring(key), nil, value
        end
    end
    return nil
end

local function text(message, default)
    if message == nil then
        return default
    end
    return tostring(message) .. ": " .. default
end

function test.eq(actual, expected, message)
    local path, x, y = difference(actual, expected, "value", {})
    if path then
        local detail = "expected " .. show(expected) .. ", got " .. show(actual)
        if type(actual) == "table" and type(expected) == "table" then
            detail = detail .. "\n  " .. path .. ": expected " .. show(y) .. ", got " .. show(x)
        end
        fail(text(message, detail), 2)
    end
end

function test.neq(actual, expected, message)
    if not difference(actual, expected, "value", {}) then
        fail(text(message, "expected a value other than " .. show(expected)), 2)
    end
end

function test.ok(value, message)
    if not value then
        fail(text(message, "expected a true value, got " .. show(value)), 2)
    end
end

function test.fail(message)
    fail(tostring(message or "failed"), 2)
end

function test.is_nil(value, message)
    if value ~= nil then
        fail(text(message, "expected nil, got " .. show(value)), 2)
    end
end

function test.not_nil(value, message)
    if value == nil then
        fail(text(message, "expected a value, got nil"), 2)
    end
end

function test.is_true(value, message)
    if value ~= true then
        fail(text(message, "expected true, got " .. show(value)), 2)
    end
end

function test.is_false(value, message)
    if value ~= false then
        fail(text(message, "expected false, got " .. show(value)), 2)
    end
end

for _, name in ipairs({ "string", "number", "table", "function", "boolean" }) do
    test["is_" .. name] = function(value, message)
        if type(value) ~= name then
            fail(text(message, "expected a " .. name .. ", got " .. show(value)), 2)
        end
    end
end

function test.contains(container, item, message)
    if type(container) == "string" then
        if container:find(tostring(item), 1, true) then
            return
        end
    elseif type(container) == "table" then
        for _, value in pairs(container) do
            if not difference(value, item, "value", {}) then
                return
            end
        end
    elseif type(container) == "userdata" and tostring(container):find(tostring(item), 1, true) then
        return
    end
    fail(text(message, "expected " .. show(container) .. " to contain " .. show(item)), 2)
end

function test.matches(value, pattern, message)
    if not tostring(value):match(pattern) then
        fail(text(message, "expected " .. show(value) .. " to match " .. show(pattern)), 2)
    end
end

function test.has_key(value, key, message)
    if type(value) ~= "table" or value[key] == nil then
        fail(text(message, "expected " .. show(value) .. " to have the key " .. show(key)), 2)
    end
end

function test.len(value, length, message)
    if #value ~= length then
        fail(text(message, "expected length " .. tostring(length) .. ", got " .. tostring(#value)), 2)
    end
end

local comparisons = {
    gt = { ">", function(a, b) return a > b end },
    gte = { ">=", function(a, b) return a >= b end },
    lt = { "<", function(a, b) return a < b end },
    lte = { "<=", function(a, b) return a <= b end },
}
for name, comparison in pairs(comparisons) do
    test[name] = function(a, b, message)
        if not comparison[2](a, b) then
            fail(text(message, "expected " .. show(a) .. " " .. comparison[1] .. " " .. show(b)), 2)
        end
    end
end

function test.throws(f, message)
    local ok, err = pcall(f)
    if ok then
        fail(text(message, "expected an error"), 2)
    end
    return err
end

function test.has_error(value, err, message)
    if err == nil then
        fail(text(message, "expected an error, got " .. show(value)), 2)
    end
end

function test.no_error(value, err, message)
    if err ~= nil then
        fail(text(message, "expected no error, got " .. tostring(err)), 2)
    end
    return value
end

-- Mocks -------------------------------------------------------------------------------------------------------------

local mocks = {}

-- `mock(object, name, value)` puts another value in a table until the case is over.
function test.mock(object, name, value)
    if type(object) ~= "table" then
        fail("mock: expected a table, got " .. show(object), 2)
    end
    mocks[#mocks + 1] = { object, name, object[name] }
    object[name] = value
    return value
end

-- Functions of `process` are read-only; a program that wants to replace them hands over a table of its own.
function test.mock_process(name, value, object)
    return test.mock(object or process, name, value)
end

function test.restore_mock(object, name)
    for at = #mocks, 1, -1 do
        local mock = mocks[at]
        if mock[1] == object and mock[2] == name then
            object[name] = mock[3]
            table.remove(mocks, at)
        end
    end
end

function test.restore_all_mocks()
    for at = #mocks, 1, -1 do
        local mock = mocks[at]
        mock[1][mock[2]] = mock[3]
        mocks[at] = nil
    end
end

-- Suites and cases --------------------------------------------------------------------------------------------------

local function suite(name, define)
    local outer = current
    local made = { name = name, cases = {}, suites = {}, before_all = {}, after_all = {}, before_each = {}, after_each = {} }
    if outer then
        outer.suites[#outer.suites + 1] = made
    end
    current = made
    define()
    current = outer
    return made
end

function test.describe(name, define)
    return suite(name, define)
end

test.spec = test.describe
test.context = test.describe

local function case(name, run, skipped)
    if not current then
        fail("a case must stand inside of describe", 3)
    end
    current.cases[#current.cases + 1] = { name = name, run = run, skipped = skipped }
end

function test.it(name, run)
    case(name, run, false)
end

function test.it_skip(name, run)
    case(name, run, true)
end

for _, hook in ipairs({ "before_all", "after_all", "before_each", "after_each" }) do
    test[hook] = function(run)
        if not current then
            fail(hook .. " must stand inside of describe", 2)
        end
        local list = current[hook]
        list[#list + 1] = run
    end
end

local function reason(err)
    return tostring(err)
end

local function run_all(list)
    for _, run in ipairs(list) do
        local ok, err = pcall(run)
        if not ok then
            return reason(err)
        end
    end
end

local function run_suite(one, prefix, before, after, results)
    local name = prefix == "" and one.name or prefix .. " " .. one.name
    local row = { name = name, cases = {} }
    local before_each, after_each = {}, {}
    for _, run in ipairs(before) do before_each[#before_each + 1] = run end
    for _, run in ipairs(one.before_each) do before_each[#before_each + 1] = run end
    for _, run in ipairs(one.after_each) do after_each[#after_each + 1] = run end
    for _, run in ipairs(after) do after_each[#after_each + 1] = run end
    local broken = run_all(one.before_all)
    for _, it in ipairs(one.cases) do
        local result = { name = it.name, status = "passed" }
        if it.skipped then
            result.status = "skipped"
            results.skipped = results.skipped + 1
        else
            local begun = os.clock()
            local err = broken or run_all(before_each)
            if not err then
                local ok, raised = pcall(it.run)
                err = not ok and reason(raised) or nil
            end
            err = run_all(after_each) or err
            test.restore_all_mocks()
            result.milliseconds = (os.clock() - begun) * 1000
            if err then
                result.status, result.error = "failed", err
                results.failed = results.failed + 1
            else
                results.passed = results.passed + 1
            end
        end
        row.cases[#row.cases + 1] = result
    end
    if #row.cases > 0 then
        results.suites[#results.suites + 1] = row
    end
    for _, inner in ipairs(one.suites) do
        run_suite(inner, name, before_each, after_each, results)
    end
    local err = run_all(one.after_all)
    if err then
        row.cases[#row.cases + 1] = { name = "after_all", status = "failed", error = err }
        results.failed = results.failed + 1
    end
end

-- Collects what `define` describes and answers a function that runs it.
function test.run_cases(define)
    return function()
        local root = suite("", define)
        local results = { passed = 0, failed = 0, skipped = 0, suites = {} }
        run_suite(root, "", {}, {}, results)
        return results
    end
end

return test
