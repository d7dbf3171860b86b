-- A ray tracer: spheres, reflections, float arithmetic on small tables.
local sqrt, max = math.sqrt, math.max
local spheres = {}
for i = 0, 8 do
  spheres[#spheres + 1] = {x = (i % 3 - 1) * 2.2, y = (i // 3 - 1) * 2.2, z = 6 + i % 2, r = 1, shine = 0.3, color = 0.4 + i / 20}
end
local light = {x = -0.57735, y = 0.57735, z = -0.57735}
local function hit(ox, oy, oz, dx, dy, dz)
  local best, found = 1e9, nil
  for i = 1, #spheres do
    local s = spheres[i]
    local cx, cy, cz = s.x - ox, s.y - oy, s.z - oz
    local b = cx * dx + cy * dy + cz * dz
    local d = b * b - (cx * cx + cy * cy + cz * cz) + s.r * s.r
    if d > 0 then
      local t = b - sqrt(d)
      if t > 1e-4 and t < best then best, found = t, s end
    end
  end
  return found, best
end
local function trace(ox, oy, oz, dx, dy, dz, depth)
  local s, t = hit(ox, oy, oz, dx, dy, dz)
  if not s then return 0.1 + max(dy, 0) * 0.2 end
  local px, py, pz = ox + dx * t, oy + dy * t, oz + dz * t
  local nx, ny, nz = (px - s.x) / s.r, (py - s.y) / s.r, (pz - s.z) / s.r
  local shade = max(nx * light.x + ny * light.y + nz * light.z, 0)
  if shade > 0 and hit(px, py, pz, light.x, light.y, light.z) then shade = 0 end
  local c = s.color * (0.2 + 0.8 * shade)
  if depth < 3 then
    local k = 2 * (dx * nx + dy * ny + dz * nz)
    c = c * (1 - s.shine) + s.shine * trace(px, py, pz, dx - k * nx, dy - k * ny, dz - k * nz, depth + 1)
  end
  return c
end
local sum = 0
for y = 0, 319 do
  for x = 0, 319 do
    local dx, dy = (x - 160) / 200, (160 - y) / 200
    local l = 1 / sqrt(dx * dx + dy * dy + 1)
    sum = sum + trace(0, 0, 0, dx * l, dy * l, l, 0)
  end
end
print(("raytracer %.6f"):format(sum))
assert(("%.6f"):format(sum) == "18231.473527")
