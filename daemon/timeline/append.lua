#!lua
-- Appends a lane's batch, each event once. customer.lua has the keys, and the words of an event.
-- ARGV: repair number, node 8, released, most events, most recents, oldest time kept, when the newest event was
--   received, generation of the call; then the events.
-- Answers an event each: 'a' when it was appended, >I4 length of what follows, >I6 sequence, >I4 attached, >I2 how many
--   were merged, their ids and the state before; 'r' (replayed) or 'd' (duplicate), >I4 length, and the entry; behind
--   these the customer's mapping, where something was attached or somebody merged: >I6 its last sequence, >I2 how many
--   identifiers, >I4, >I4, >I4, >I4 and >I4 the lengths of identifiers, origins, members, of whom it leads to and of
--   traits, and seen and these as they are now.
--   'i' of one that only says who somebody is, >I4 length of what follows, >I4 attached; behind it always the mapping.
--   'f' and an id: deferred, now or before: its place is with that one, or whom that one leads to.
--   'm' when the customer is not what the event is bound to; 'o' and an id: it is known, and the entry is that one's.
--   'u' when the key is known with other content; 'x' when this customer's keys are not what is said there.
--   A number alone: nothing was done, since a call of that generation of this node, a later one, came before.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1])
if refused then
    return refused
end

local node, most_events, most_recents, oldest = ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
-- include: ../customer/customer.lua
-- include: ../customer/traits.lua
-- include: ../customer/versions.lua

-- A call that was given up may still be on its way, and land when what remembers its events is gone.
local latest_call = 'generation ' .. node
local latest = tonumber((pcall_('HGET', KEYS[2], latest_call)))
if latest and latest > tonumber(ARGV[8]) then
    return latest
end

-- When what brought the key is released and forgotten, the record that brought it once more may be given again: so it is
-- remembered for itself, until its node has released it.
local function remember_repeated(c, known, mark)
    local record = pack('>I6', REPEATED + (is_deferred(known) and DEFERRED or 0) + unpack('>I6', mark, 25))
    local repeated = sub(known, 1, 16) .. sub(mark, 17, 24) .. record .. sub(known, 31)
    if not recent(c, repeated) then
        remember(c, repeated)
    end
end

-- Without what is listed for an event that is still to come: that one will tell it.
local function told_of(c)
    if c.untold == 0 then
        return c
    end
    local told = { n_seen = 0, seen = '', identifiers = '\n', origins = '' }
    each_identifier(c.identifiers, c.origins, c.seen, function(line, origin, seen)
        if unpack('>I6', seen) < UNTOLD then
            attach(told, line, origin, seen)
        end
    end)
    return told
end

local function answer(c, letter, told, changed)
    local mapping = ''
    if changed then
        local members, to = graph(c, 'members') or '', not graph(c, 'phase') and graph(c, 'to') or ''
        local known = told_of(c)
        local lengths = pack('>I4I4I4I4I4', #known.identifiers, #known.origins, #members, #to, #traits(c))
        mapping = pack('>I6I2', c.n, known.n_seen) .. lengths .. known.seen .. known.identifiers .. known.origins .. members .. to
            .. traits(c)
    end
    return letter .. pack('>I4', #told) .. told .. mapping
end

-- A member remembers nothing more, since its survivor would not know of it: that one is to be asked first.
local KNOWN_ONLY = 2 ^ 32 - 1
local function answer_known(c, known, mark, bound)
    local replayed = sub(known, 17, 30) == sub(mark, 17, 30)
    if not replayed and c.role ~= MEMBER then
        remember_repeated(c, known, mark)
    elseif not replayed and bound ~= KNOWN_ONLY then
        return 'm'
    end
    if sub(known, 9, 16) ~= sub(mark, 9, 16) then
        return 'u'
    end
    local owner = unpack('>I2', known, 37)
    if owner > 0 then
        return 'o' .. sub(graph(c, 'owners') or '', (owner - 1) * ID + 1, owner * ID)
    end
    local entry = stored_entry(c, unpack('>I6', known, 31), 7, sub(known, 1, 8))
    if not entry then
        return 'x'
    end
    local attached, merged = unpack('>I4I2', entry, 16)
    return answer(c, replayed and 'r' or 'd', entry, attached > 0 or merged > 0)
end

-- Whom it has taken in since its last entry; not more than one record for Kafka tells.
local MOST_TOLD = 4
local function untold_members(c)
    return sub(graph(c, 'untold') or '', 1, MOST_TOLD * ID)
end

local function is_bound(c, bound)
    return c.role ~= MEMBER and (bound == 0 or bound == generation(c) + 1)
end

-- Whether it, or a member of it, was told that one of these is not its own: who takes the event for its does not know it yet.
local function has_given_up(c, word)
    local notes, from = graph(c, 'notes'), find(word, '\n', 1, true)
    if notes then
        for type, value in string.gmatch(sub(word, from), '([^\t\n]+)\t([^\n]*)') do
            if find(notes, '\t' .. type .. ':' .. value .. '\ts\t', 1, true) then
                return true
            end
        end
    end
    return false
end

local function is_its_own(c, at, bound)
    return is_bound(c, bound) and not has_given_up(c, ARGV[at + 3])
end

-- Two may have used a key for different content before they were one: each is to find its own. And a replay is to find
-- what it brought, whatever brought the key once more.
local function recent_of(c, mark)
    local known = recent(c, sub(mark, 1, 8))
    if known and sub(known, 1, 30) ~= sub(mark, 1, 30) then
        return recent(c, sub(mark, 1, 30)) or recent(c, sub(mark, 1, 16)) or known
    end
    return known
end

-- It has no place on the timeline, and is not remembered: to say it once more changes nothing.
local function identify(c, at)
    if not is_its_own(c, at, unpack('>I4', ARGV[at], 3)) then
        return 'm'
    elseif not is_sound(c) then
        return 'x'
    end
    local attached = attach_all(c, ARGV[at + 3], sub(ARGV[at], 7, 12))
    if ARGV[at + 5] ~= '' then
        say(c, ARGV[at + 5], tonumber(ARGV[at + 1]))
    end
    c.touched = true
    return answer(c, 'i', pack('>I4', attached), true)
end

-- include: ../customer/deferred.lua
local function append(c, at)
    local mark, bound = mark_of(at), unpack('>I4', ARGV[at], 3)
    local known, defers = recent_of(c, mark), bound >= DEFER and bound ~= KNOWN_ONLY
    if known and not is_deferred(known) then
        return answer_known(c, known, mark, bound)
    elseif known and (defers or not lists(c, deferred_to(known))) then
        return answer_deferred(c, known, mark, bound)
    elseif not is_its_own(c, at, defers and bound - DEFER or bound) then
        return 'm'
    elseif defers then
        return defer(c, mark, ARGV[at + 2])
    end
    local merged, standing = untold_members(c), standing_of(c, at, c.n + 1)
    if standing == false then
        return 'x'
    end
    local sequence, attached, before = add_event(c, at, merged, nil, standing)
    if not sequence then
        return 'x'
    end
    note_version(c, standing)
    note_told(c, merged)
    local told = pack('>I6I4I2', sequence, attached, #merged / ID) .. merged .. before
    return answer(c, 'a', told, attached > 0 or merged ~= '')
end

local function note_released()
    local noted = pcall_('HSET', KEYS[2], node, ARGV[3], 'time', ARGV[7], latest_call, ARGV[8])
    if type(noted) == 'table' then -- somebody's mistake; it costs one lane the memory of who released what, and no event
        call('DEL', KEYS[2])
        call('HSET', KEYS[2], node, ARGV[3], 'time', ARGV[7], latest_call, ARGV[8])
    end
end

local released
local function released_by(owner)
    if not released then
        released = {}
        local flat = call('HGETALL', KEYS[2])
        for i = 1, #flat, 2 do
            released[flat[i]] = tonumber(flat[i + 1])
        end
    end
    return released[owner] or 0
end

note_released()
local answers = {}
for at = 9, #ARGV, 6 do
    local c = customers[unpack('>I2', ARGV[at])]
    local place = ARGV[at + 2] == '' and identify or append
    answers[#answers + 1] = c.broken and 'x' or place(c, at)
end
save_all(node, released_by)
return answers
