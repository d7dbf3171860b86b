-- The loop of a supervisor: it carries out what its machine decides, and tells the machine what came of it.
--
-- Called with the specification, the constructor of machines, and the modules it uses.
local spec, new, process, channel, time, errors = ...
local event, unpack, pcall, tostring, type = process.event, table.unpack, pcall, tostring, type

local function nanoseconds(value, what)
  local duration, failure = time.parse_duration(value)
  if not duration then error(("%s: %s"):format(what, tostring(failure)), 0) end
  return duration:nanoseconds()
end

-- What the machine wants to know of a child.
local function row(child)
  if type(child) ~= "table" then error("a child must be a table, not " .. type(child), 0) end
  local shutdown = child.shutdown
  if shutdown == nil and child.supervisor then shutdown = "infinity" end
  if shutdown ~= nil and shutdown ~= "brutal" and shutdown ~= "infinity" then
    shutdown = nanoseconds(shutdown, ("child '%s': shutdown"):format(tostring(child.id)))
  end
  return {id = child.id, restart = child.restart, shutdown = shutdown}
end

local function now() return time.now():unix_nano() end

local children, rows = {}, {}
for position, child in ipairs(spec.children or {}) do
  rows[position] = row(child)
  children[child.id or false] = child
end
local period = spec.period ~= nil and nanoseconds(spec.period, "period") or nil
local machine = new(spec.strategy, spec.intensity, period)

local before = process.get_options().trap_links
process.set_options({trap_links = true})
local events = process.events()
local requests = process.listen("supervisor", {message = true})

-- Children whose end was not told in full: a failure is told twice, as EXIT and as LINK_DOWN, in any order.
local known = {}
-- What is still to be done, in order; the child that was asked to end, and until when; the request to be answered.
local queue, first, last, deadline, pending, outcome, orphaned = {}, 1, 0, nil, nil, nil, nil

local function enqueue(actions)
  for i = 1, #actions do
    last = last + 1
    queue[last] = actions[i]
  end
end

local function start(id)
  local child = children[id]
  local entry, host, arguments = child.entry or child.id, child.host, child.args or {}
  if host == nil then host = spec.host end
  if child.supervisor then
    entry, arguments = "supervisor:run", {child.supervisor}
  end
  local builder = process.with_context({})
  if child.name then
    if process.registry.lookup(child.name) then return nil, ("the name '%s' is taken"):format(child.name) end
    builder = builder:with_name(child.name)
  end
  local fine, pid, failure =
    pcall(builder.spawn_linked_monitored, builder, entry, host, unpack(arguments, 1, arguments.n or #arguments))
  if not fine then return nil, pid end
  return pid, failure
end

local function perform(action)
  local kind = action.kind
  if kind == "start" then
    local pid, failure = start(action.id)
    if pid then
      known[pid] = "alive"
      enqueue(machine:started(action.id, pid, now()))
    else
      enqueue(machine:not_started(action.id, tostring(failure), now()))
    end
  elseif kind == "cancel" then
    process.cancel(action.pid, "supervisor stopping")
    deadline = action.grace and {pid = action.pid, channel = time.after(action.grace)} or nil
  elseif kind == "kill" then
    process.terminate(action.pid)
  else
    outcome = action
  end
end

local function happened(what)
  local from = what.from
  if what.kind == event.CANCEL then
    enqueue(machine:stop(now()))
  elseif what.kind == event.EXIT then
    local failure = what.result.error
    known[from] = failure and known[from] == "alive" and "ended" or nil
    if deadline and deadline.pid == from then deadline = nil end
    enqueue(machine:ended(from, failure and tostring(failure), now()))
  elseif what.kind == event.LINK_DOWN then
    if known[from] == "alive" then
      known[from] = "down"
    elseif known[from] == "ended" then
      known[from] = nil
    else
      orphaned = what.result.error
      enqueue(machine:stop(now()))
    end
  end
end

local operations = {}

function operations.children() return machine:children() end

function operations.count()
  local all, running = machine:children(), 0
  for _, child in ipairs(all) do if child.pid then running = running + 1 end end
  return {children = #all, running = running}
end

function operations.start_child(child)
  local actions, refusal = machine:add(row(child), now())
  if not actions then return nil, refusal end
  children[child.id] = child
  return actions, nil, child.id
end

function operations.terminate_child(id) return machine:stop_child(id, now()) end

function operations.restart_child(id)
  local actions, refusal = machine:start_child(id, now())
  return actions, refusal, id
end

function operations.delete_child(id)
  local done, refusal = machine:forget_child(id)
  if done then children[id] = nil end
  return done, refusal
end

local function reply(to, value, failure)
  if failure ~= nil and type(failure) == "string" then failure = errors.new({message = failure, kind = errors.INVALID}) end
  process.send(to.from, to.topic, {value = value, error = failure})
end

local function requested(message)
  local payload = message:payload()
  local request = payload and payload:data()
  local operation = type(request) == "table" and operations[request.operation]
  if not operation or type(request.topic) ~= "string" then return end
  local to = {from = message:from(), topic = request.topic}
  local fine, value, failure, id = pcall(operation, request.argument)
  if not fine then return reply(to, nil, tostring(value)) end
  if value == nil or request.operation == "children" or request.operation == "count"
      or request.operation == "delete_child" then
    return reply(to, value, failure)
  end
  enqueue(value)
  to.id = id
  pending = to
end

-- Answers who asked for a child, once the machine is done with it.
local function settle()
  if not pending or machine:is_busy() then return end
  local to = pending
  pending = nil
  if not to.id then return reply(to, true) end
  for _, child in ipairs(machine:children()) do
    if child.id == to.id then
      if child.pid then return reply(to, child.pid) end
      break
    end
  end
  children[to.id] = nil
  reply(to, nil, machine:last_failure() or "the child did not start")
end

enqueue(machine:begin(rows))
while true do
  while first <= last do
    local action = queue[first]
    queue[first] = nil
    first = first + 1
    perform(action)
  end
  first, last = 1, 0
  settle()
  if outcome then break end
  local cases = {events:case_receive()}
  if deadline then cases[#cases + 1] = deadline.channel:case_receive() end
  if not machine:is_busy() then cases[#cases + 1] = requests:case_receive() end
  local ready = channel.select(cases)
  if ready.channel == events then
    happened(ready.value)
  elseif ready.channel == requests then
    requested(ready.value)
  else
    local late = deadline.pid
    deadline = nil
    enqueue(machine:deadline(late, now()))
  end
end
if pending then reply(pending, nil, "the supervisor has ended") end
process.unlisten(requests)
process.set_options({trap_links = before})
if outcome.error then return nil, outcome.error end
if orphaned then return nil, orphaned end
return true
