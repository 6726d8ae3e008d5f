#!lua
-- A merge, step 1 of 3, at the loser: from here on it leads to the survivor, pending, and is frozen. KEYS: as customer.lua
-- has them, of one. ARGV: repair number, 'open' or 'closed', generation, how many identifiers, the survivor, "GENERATION N" of
-- that one (nothing: whatever it is), evidence. Without generation: one that is pending already, as it is. '*': by a repair,
-- which knows that it was merged: whatever it is. One that leads elsewhere for good does so still, and what its survivor
-- took over is told once more, since that one may have lost it.
-- Answers 'moved' when it is not so (any more), 'leaving' when it is a split that is half-way; else 'pending' and what the
-- survivor takes over, as absorb.lua wants it.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1], ARGV[2])
if refused then
    return refused
end
local most_events, most_recents, oldest = math.huge, math.huge, 0
-- include: customer.lua
-- include: versions.lua

local function may_lead(c)
    return ARGV[3] == '*' or (c.role ~= MEMBER and generation(c) == tonumber(ARGV[3]) and c.n_seen == tonumber(ARGV[4]))
end

local function leads_for_good(c)
    return c.role == MEMBER and graph(c, 'phase') ~= 'pending'
end

local function redirect(c)
    local number = generation(c) + 1
    call('HSET', c.graph, 'generation', number, 'merge', number, 'to', ARGV[5], 'phase', 'pending', 'at', ARGV[6],
        'evidence', ARGV[7])
    c.role = MEMBER
    save(c)
end

local function first_time(c)
    return pcall_('ZRANGE', c.line, 0, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')[2] or '0'
end

local function last_time(c)
    return pcall_('ZRANGE', c.line, '+inf', 0, 'BYSCORE', 'REV', 'LIMIT', 0, 1, 'WITHSCORES')[2] or '0'
end

-- Rows of its members come last: a name and a row each.
local function summary(c)
    local told = { 'pending' }
    for i, name in ipairs({ 'to', 'merge', 'at', 'evidence', 'members', 'owners', 'untold', 'notes', 'traits', 'spans' }) do
        told[i + 1] = graph(c, name) or ''
    end
    for _, more in ipairs({ c.n, c.last, c.state, c.seen, c.identifiers, c.origins,
                            call('GETRANGE', c.recents, 0, -1), first_time(c), last_time(c), all_versions(c) }) do
        told[#told + 1] = tostring(more)
    end
    for member in string.gmatch(told[6], string.rep('.', ID)) do
        told[#told + 1] = 'row ' .. member
        told[#told + 1] = graph(c, 'row ' .. member) or ''
    end
    return told
end

local c = customers[1]
if not is_sound(c) then
    return { 'broken' }
end
if ARGV[3] ~= '' then
    if not may_lead(c) then
        return { 'moved' }
    end
    if leads_for_good(c) then
        call('HDEL', c.graph, 'at')
    else
        redirect(c)
    end
elseif c.role ~= MEMBER or graph(c, 'phase') ~= 'pending' then
    return { c.role == MEMBER and graph(c, 'phase') or 'moved' }
end
return summary(c)
