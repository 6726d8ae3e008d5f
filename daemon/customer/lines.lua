#!lua
-- Identifiers that a customer does not list any more. To be included behind customer.lua.

-- `lines`: LF, then "TYPE TAB VALUE LF" each.
local function take_lines_out(c, lines)
    local left = { n_seen = 0, seen = '', identifiers = '\n', origins = '', untold = 0 }
    each_identifier(c.identifiers, c.origins, c.seen, function(line, origin, seen)
        if not find(lines, '\n' .. line .. '\n', 1, true) then
            attach(left, line, origin, seen)
            left.untold = left.untold + (unpack('>I6', seen) >= UNTOLD and 1 or 0)
        end
    end)
    for name, value in pairs(left) do
        c[name] = value
    end
end
