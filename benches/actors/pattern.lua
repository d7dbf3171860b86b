-- Looks for a pattern that takes longer than anybody lives.
local subject = ("a"):rep(60)
local pattern = ("a?"):rep(60) .. subject
process.send("ticker", "ready")
while true do string.find(subject, pattern) end
