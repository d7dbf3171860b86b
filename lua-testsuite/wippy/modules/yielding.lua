local answer = YIELD("from the chunk")
return {name = answer .. "!"}
