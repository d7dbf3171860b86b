return {name = (...) .. " as submodule"}
