-- The Mandelbrot set in letters: integer and float loops.

local shades = " .:-=+*#%@"

local function escape_time(cx, cy, limit)
    local x, y = 0.0, 0.0
    for step = 1, limit do
        x, y = x * x - y * y + cx, 2 * x * y + cy
        if x * x + y * y > 4 then
            return step
        end
    end
    return limit
end

for row = -11, 11 do
    local line = {}
    for column = -46, 20 do
        local steps = escape_time(column / 22, row / 9.5, 100)
        local shade = math.floor((steps / 100) ^ 0.5 * (#shades - 1)) + 1
        line[#line + 1] = shades:sub(shade, shade)
    end
    print((table.concat(line):gsub("%s+$", "")))
end
