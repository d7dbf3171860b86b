YIELD("before failing")
error("failed", 0)
