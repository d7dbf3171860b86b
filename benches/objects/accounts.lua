-- Class-like code: constructors, methods that read and write fields of self, calls between methods.
local Account = {}
Account.__index = Account

function Account.new(owner, balance)
  return setmetatable({owner = owner, balance = balance, moves = 0}, Account)
end

function Account:deposit(amount)
  self.balance = self.balance + amount
  self.moves = self.moves + 1
end

function Account:withdraw(amount)
  if amount > self.balance then return false end
  self.balance = self.balance - amount
  self.moves = self.moves + 1
  return true
end

function Account:transfer(to, amount)
  if self:withdraw(amount) then to:deposit(amount) return 1 end
  return 0
end

local accounts = {}
for i = 1, 100 do accounts[i] = Account.new("owner" .. i, i * 10) end
local done = 0
for round = 1, 60000 do
  for i = 1, 99, 2 do
    local a, b = accounts[i], accounts[(i * 7 + round) % 100 + 1]
    done = done + a:transfer(b, round % 13)
  end
end
local total, moves = 0, 0
for _, a in ipairs(accounts) do total, moves = total + a.balance, moves + a.moves end
print("accounts", total, moves, done)
assert(total == 50500 and moves == 476780 and done == 238390)
