-- Planets under gravity: float fields of a few objects, square roots.
local sqrt = math.sqrt
local bodies = {
  {x = 0, y = 0, z = 0, vx = 0, vy = 0, vz = 0, mass = 39.47841760435743},
  {x = 4.84143144246472090, y = -1.16032004402742839, z = -0.103622044471123109, vx = 0.606326392995832, vy = 2.81198684491626, vz = -0.02521836165988763, mass = 0.03769367487038949},
  {x = 8.34336671824457987, y = 4.12479856412430479, z = -0.403523417114321381, vx = -1.01077434617879, vy = 1.82566237123041, vz = 0.00841576137658415, mass = 0.0112863261319688},
  {x = 12.8943695621391310, y = -15.1111514016986312, z = -0.223307578892655734, vx = 1.08279100644154, vy = 0.868713018169608, vz = -0.0108326374013636, mass = 0.00172372405705971},
  {x = 15.3796971148509165, y = -25.9193146099879641, z = 0.179258772950371181, vx = 0.979090732243898, vy = 0.594698998647676, vz = -0.0347559555040781, mass = 0.00203368686992463},
}
local function energy()
  local e = 0
  for i, b in ipairs(bodies) do
    e = e + 0.5 * b.mass * (b.vx * b.vx + b.vy * b.vy + b.vz * b.vz)
    for j = i + 1, #bodies do
      local c = bodies[j]
      local dx, dy, dz = b.x - c.x, b.y - c.y, b.z - c.z
      e = e - b.mass * c.mass / sqrt(dx * dx + dy * dy + dz * dz)
    end
  end
  return e
end
local function advance(dt)
  local n = #bodies
  for i = 1, n do
    local b = bodies[i]
    local bx, by, bz, bm = b.x, b.y, b.z, b.mass
    local vx, vy, vz = b.vx, b.vy, b.vz
    for j = i + 1, n do
      local c = bodies[j]
      local dx, dy, dz = bx - c.x, by - c.y, bz - c.z
      local d2 = dx * dx + dy * dy + dz * dz
      local mag = dt / (d2 * sqrt(d2))
      local cm = c.mass * mag
      vx, vy, vz = vx - dx * cm, vy - dy * cm, vz - dz * cm
      local bmm = bm * mag
      c.vx, c.vy, c.vz = c.vx + dx * bmm, c.vy + dy * bmm, c.vz + dz * bmm
    end
    b.vx, b.vy, b.vz = vx, vy, vz
    b.x, b.y, b.z = bx + dt * vx, by + dt * vy, bz + dt * vz
  end
end
local before = energy()
for _ = 1, 100000 do advance(0.01) end
print(("nbody %.9f %.9f"):format(before, energy()))
assert(("%.9f"):format(energy()) == "-0.169228805")
