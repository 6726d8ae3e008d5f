#!lua
-- Puts back into a lane what Kafka has, each entry once, with the sequence that it has there. customer.lua has the keys,
-- and the words of an event.
-- ARGV: repair number, most events, most recents, oldest time kept, what nodes have released where the lane does not say
--   it (node 8, >I6, each); then the events, and behind each a seventh word: >I6 its sequence, >I4 attached, >I1 whether
--   its customer has given a member up, >I4 length, the ids of who was merged, >I4 length, last and >I4 length, versions,
--   of these lengths, and the rest: the state before, as its context tells it, and what that tells of another version.
-- Answers an event each: how many entries before it are lacking, or below 0 what became of it.
-- An event follows the one before, and brings to the state what it brought when it was appended: so the state is the
-- same, byte by byte. Only where some are lacking does it begin anew with what its context tells; and where somebody was
-- merged, who brought counts of his own, and a jump of the sequence; and of one that has given a member up, with counts. The merge itself is made when all entries are there.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1], 'closed')
if refused then
    return refused
end

local THERE, FILLED, BROKEN = -1, -2, -3
local most_events, most_recents, oldest = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
-- include: ../customer/customer.lua
-- include: ../customer/versions.lua

-- The recents are in the order of sequences. One that stands before them all is remembered only while there is room.
local function remember_in_place(c, sequence, mark)
    local all = call('GETRANGE', c.recents, 0, -1)
    local at = #all
    while at > 0 do
        local entry = stored_entry(c, unpack('>I6', all, at - 7), 7, sub(all, at - RECENT + 1, at - RECENT + 8))
        if entry and unpack('>I6', entry) < sequence then
            break
        end
        at = at - RECENT
    end
    if at > 0 or remembered(c) < most_recents then
        local print_at = at / RECENT * PRINT
        c.prints = sub(c.prints, 1, print_at) .. sub(mark, 1, PRINT) .. sub(c.prints, print_at + 1)
        call('SET', c.recents, sub(all, 1, at) .. mark .. sub(all, at + 1))
    end
end

-- One whose sequence was passed already is there, or was trimmed, or stands behind a later one in Kafka, since several
-- nodes produce what they appended each in its own time. The state has it already: what came later knew of it.
local function fill_in(c, at, sequence, attached, merged, before, standing)
    local mark, time, packed = mark_of(at), tonumber(ARGV[at + 1]), pack('>I6', sequence)
    local trimmed = c.events >= most_events and time < c.first
    if trimmed or time < oldest or stored_entry(c, time, 1, packed) then
        return THERE
    end
    if type(pcall_('ZADD', c.line, score_of(at, standing), entry_of(at, sequence, attached, merged, before))) == 'table' then
        return BROKEN
    end
    note_version(c, standing)
    note_told(c, merged)
    c.events, c.first, c.touched = c.events + 1, math.min(c.first, time), true
    remember_in_place(c, sequence, mark)
    c.has_forgotten = true -- that one, perhaps
    attach_all(c, ARGV[at + 3], sub(ARGV[at], 7, 12))
    return FILLED
end

local function put_back(c, at)
    local sequence, attached, gave_up, merged, last, versions, rest_at = unpack('>I6I4I1I4c0I4c0I4c0', ARGV[at + 6])
    local rest, standing = sub(ARGV[at + 6], rest_at), standing_of(c, at, sequence, versions)
    if standing == false then
        return BROKEN
    elseif sequence <= c.n then
        return fill_in(c, at, sequence, attached, merged, last .. rest .. versions, standing)
    end
    local lacking = sequence - c.n - 1
    if lacking > 0 or merged ~= '' or gave_up == 1 then
        c.n, c.last, c.state = sequence - 1, last, rest
    end
    if not add_event(c, at, merged, attached, standing) then
        return BROKEN
    end
    note_version(c, standing)
    note_told(c, merged)
    return merged == '' and lacking or 0
end

-- A node that nobody knows has nothing left to deliver.
local released
local function released_by(owner)
    if not released then
        released = {}
        for at = 1, #ARGV[5], 14 do
            released[sub(ARGV[5], at, at + 7)] = unpack('>I6', ARGV[5], at + 8)
        end
        local flat = call('HGETALL', KEYS[2])
        for i = 1, #flat, 2 do
            released[flat[i]] = tonumber(flat[i + 1])
        end
    end
    return released[owner] or math.huge
end

local answers = {}
for at = 6, #ARGV, 7 do
    local c = customers[unpack('>I2', ARGV[at])]
    answers[#answers + 1] = c.broken and BROKEN or put_back(c, at)
end
save_all(nil, released_by)
return answers
