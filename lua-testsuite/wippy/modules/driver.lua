-- Runs a function as a coroutine, prints every value it yields, and resumes it with that value.
-- Because each yield returns what was yielded, a case reads as if `yield` were an identity function.
local function run(name, f, ...)
  print("-- " .. name)
  local co = coroutine.create(f)
  local result = table.pack(coroutine.resume(co, ...))
  while coroutine.status(co) == "suspended" do
    print("yield", table.unpack(result, 2, result.n))
    result = table.pack(coroutine.resume(co, table.unpack(result, 2, result.n)))
  end
  print("end", table.unpack(result, 1, result.n))
end
return run, coroutine.yield
