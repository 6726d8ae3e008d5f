#!lua
-- A split, step 3 of 3, at the member: it is a root again, remembers what the root remembers, and has such notes as those
-- above it have got while it was below them. KEYS: as customer.lua has them, of one. ARGV: repair number, 'open' or 'closed',
-- most recents, the merge, the root, its owners and recents, these notes. Answers 1, or 0 when it is not leaving (any more).
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1], ARGV[2])
if refused then
    return refused
end
local most_events, most_recents, oldest = math.huge, tonumber(ARGV[3]), 0
-- include: customer.lua
-- include: recents.lua
-- include: notes.lua

local c = customers[1]
if c.broken or c.role ~= MEMBER or graph(c, 'phase') ~= 'leaving' or graph(c, 'merge') ~= ARGV[4] then
    return 0
end
call('HDEL', c.graph, 'phase', 'to', 'merge', 'at', 'evidence')
c.role = ROOT
take_recents(c, ARGV[5], ARGV[6], ARGV[7])
for member, merge, side in string.gmatch(ARGV[8], '([^\t\n]*)\t([^\t\n]*)\t([^\t\n]*)\n') do
    add_note(c, member, merge, side)
end
c.touched = true
save_all(nil, released_by)
return 1
