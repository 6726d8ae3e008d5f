#!lua
-- A merge, step 3 of 3, at the loser: it is the survivor's member, or free again; unless it is in another merge by now.
-- KEYS: as customer.lua has them, of one. ARGV: repair number, 'open' or 'closed', the merge's number, 'in' or 'moved'.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1], ARGV[2])
if refused then
    return refused
end
local most_events, most_recents, oldest = math.huge, math.huge, 0
-- include: customer.lua

local c = customers[1]
if c.broken or c.role ~= MEMBER or graph(c, 'phase') ~= 'pending' or graph(c, 'merge') ~= ARGV[3] then
    return 0
end
if ARGV[4] == 'in' then
    call('HDEL', c.graph, 'phase')
else
    call('HDEL', c.graph, 'phase', 'to', 'merge', 'at', 'evidence')
    c.role = ROOT
    save(c)
end
return 1
