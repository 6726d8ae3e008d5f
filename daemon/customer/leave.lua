#!lua
-- A split, step 1 of 3, at the member: it is leaving from here on, with its side of the note. KEYS: as customer.lua has them,
-- of one. ARGV: repair number, 'open' or 'closed', the number of the merge that is taken back; '': whichever it is leaving.
-- Answers 'gone' when it is not in that merge (any more), 'pending' when nobody knows yet whether it is, or 'broken'; else
-- 'leaving', whom it leads to, the merge, the generation of that one as it was then, and what that one gives up
-- (give_up.lua): its members, identifiers, state and last.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1], ARGV[2])
if refused then
    return refused
end
local most_events, most_recents, oldest = math.huge, math.huge, 0
-- include: customer.lua
-- include: notes.lua

local function is_in_it(c)
    if c.role ~= MEMBER or (ARGV[3] == '' and graph(c, 'phase') ~= 'leaving') then
        return false
    end
    return ARGV[3] == '' or graph(c, 'merge') == ARGV[3]
end

-- What those above may list of it: also what it has given up since, or a member of it, which they were perhaps not told.
local function lines_of(c)
    local given_up = ''
    each_note(graph(c, 'notes') or '', function(_, _, number, side)
        local type, value = string.match(number, '^([^:]*):(.*)$')
        given_up = given_up .. (type and side == 's' and type .. '\t' .. value .. '\n' or '')
    end)
    return c.identifiers .. given_up
end

local c = customers[1]
if not is_sound(c) then
    return { 'broken' }
elseif not is_in_it(c) then
    return { 'gone' }
elseif graph(c, 'phase') == 'pending' then
    return { 'pending' }
end
if not graph(c, 'phase') then
    call('HSET', c.graph, 'phase', 'leaving')
    add_note(c, id_of(c), graph(c, 'merge'), 'm')
end
local at = string.match(graph(c, 'at') or '', '^%d+') or '0'
return { 'leaving', graph(c, 'to'), graph(c, 'merge'), at, graph(c, 'members') or '', lines_of(c), c.state, c.last }
