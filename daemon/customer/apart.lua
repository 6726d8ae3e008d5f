#!lua
-- A repair's word of a split, which entries do not tell: once for the root that gave a member up, and once for the member,
-- before merges are made again. Only who has no note of it is changed: who has it knows the rest too. KEYS: as customer.lua
-- has them, of one. ARGV: repair number, 'closed', most recents, the member, the merge, 's' or 'm'; then, of a root: its last
-- sequence by then, and the member's state; of a member: the root, its owners and recents.
-- Answers owners and recents.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1], ARGV[2])
if refused then
    return refused
end
local most_events, most_recents, oldest = math.huge, tonumber(ARGV[3]), 0
-- include: customer.lua
-- include: recents.lua
-- include: notes.lua
-- include: counts.lua

local member, merge, side = ARGV[4], ARGV[5], ARGV[6]

-- Entries from then on tell counts without the member's, and the state is what the last of them tells.
local function give_up_counts(c)
    if c.n <= tonumber(ARGV[7]) then
        subtract(c, ARGV[8])
    end
end

local c = customers[1]
if is_sound(c) and not has_note(c, member, merge) then
    c.role = c.role == ALONE and ROOT or c.role
    call('HINCRBY', c.graph, 'generation', 1)
    if side == 's' then
        give_up_counts(c)
    else
        take_recents(c, ARGV[7], ARGV[8], ARGV[9])
    end
    add_note(c, member, merge, side)
    c.touched = true
    save_all(nil, released_by)
end
return { graph(c, 'owners') or '', call('GETRANGE', c.recents, 0, -1) }
