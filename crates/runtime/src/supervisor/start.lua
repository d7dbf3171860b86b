-- The entry `supervisor:run`: a process that is nothing but a supervisor.
return require("supervisor").run((...))
