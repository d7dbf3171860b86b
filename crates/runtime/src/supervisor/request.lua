-- A request to a supervisor: sends it and waits for the answer.
--
-- Called with the operation, a topic for the answer, the modules it uses, the supervisor and the operation's argument.
local operation, topic, process, channel, time, errors, supervisor, argument = ...
local answers = process.listen(topic)
local sent, failure =
  process.send(supervisor, "supervisor", {operation = operation, topic = topic, argument = argument})
if not sent then
  process.unlisten(answers)
  return nil, failure
end
local timeout = time.after("5s")
local ready = channel.select({answers:case_receive(), timeout:case_receive()})
process.unlisten(answers)
if ready.channel == timeout then
  return nil, errors.new({
    message = ("supervisor %s did not answer"):format(supervisor), kind = errors.TIMEOUT, retryable = true,
  })
end
return ready.value.value, ready.value.error
