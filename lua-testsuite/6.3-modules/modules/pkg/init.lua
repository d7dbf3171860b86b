return {name = "pkg from init"}
