local test = require("test")
local words = require("words")

local function define()
    test.describe("words", function()
        test.it("greets by name", function()
            test.eq(words.greeting("Ada"), "Hello, Ada!")
        end)
    end)
end

return { run = test.run_cases(define) }
