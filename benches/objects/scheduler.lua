-- A small operating system in the manner of Richards: tasks with states, packets, queues and priorities.
local Packet, Task = {}, {}
Packet.__index, Task.__index = Packet, Task

local function packet(kind, link) return setmetatable({kind = kind, link = link, datum = 0, data = {0, 0, 0, 0}}, Packet) end
function Packet:append_to(queue)
  self.link = nil
  if not queue then return self end
  local last = queue
  while last.link do last = last.link end
  last.link = self
  return queue
end

local Scheduler = {tasks = {}, ready = 0, queued = 0, held = 0}
function Scheduler:add(id, priority, run) self.tasks[#self.tasks + 1] = setmetatable({id = id, priority = priority, run = run, queue = nil, held = false, count = 0}, Task) return self.tasks[#self.tasks] end
function Scheduler:find(id) for i = 1, #self.tasks do if self.tasks[i].id == id then return self.tasks[i] end end end
function Task:send(id, p)
  local to = Scheduler:find(id)
  Scheduler.queued = Scheduler.queued + 1
  p.from = self.id
  to.queue = p:append_to(to.queue)
  to.held = false
end
function Task:take() local p = self.queue if p then self.queue = p.link p.link = nil end return p end

local seed = 17
local function random() seed = (seed * 3877 + 29573) % 139968 return seed end

Scheduler:add("idle", 0, function(task)
  task.count = task.count + 1
  if random() % 2 == 0 then task:send("worker", packet("work")) else task:send("device", packet("io")) end
end)
Scheduler:add("worker", 100, function(task)
  local p = task:take()
  if not p then task.held = true Scheduler.held = Scheduler.held + 1 return end
  for i = 1, #p.data do p.data[i] = (p.data[i] + i * random()) % 26 p.datum = p.datum + p.data[i] end
  if p.kind == "work" then p.kind = "io" task:send("handler", p) end
end)
Scheduler:add("handler", 200, function(task)
  local p = task:take()
  if not p then task.held = true Scheduler.held = Scheduler.held + 1 return end
  task.count = (task.count + p.datum) % 1000003
  if p.datum % 3 ~= 0 then task:send("device", p) end
end)
Scheduler:add("device", 300, function(task)
  local p = task:take()
  if not p then task.held = true Scheduler.held = Scheduler.held + 1 return end
  task.count = task.count + 1
end)

local turns = 0
while turns < 600000 do
  local best
  for i = 1, #Scheduler.tasks do
    local t = Scheduler.tasks[i]
    if not t.held and (t.queue or t.id == "idle") and (not best or t.priority > best.priority) then best = t end
  end
  best:run()
  turns = turns + 1
end
print("scheduler", Scheduler.queued, Scheduler.held, Scheduler:find("handler").count, Scheduler:find("device").count)
assert(Scheduler.queued == 388185 and Scheduler:find("handler").count == 295299 and Scheduler:find("device").count == 176368)
