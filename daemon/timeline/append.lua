#!lua
-- Appends a lane's batch, each event once. customer.lua has the keys, and the words of an event.
-- ARGV: repair number, node 8, released, most events, most recents, oldest time kept, when the newest event was
--   received, generation of the call; then the events.
-- Answers an event each: 'a' when it was appended, >I4 length of what follows, >I6 sequence, >I4 attached and the state
--   before; 'r' (replayed) or 'd' (duplicate), >I4 length, and the entry; behind these the customer's mapping, where
--   something was attached: >I2 how many identifiers, >I4 and >I4 the lengths of identifiers and origins, and seen,
--   identifiers and origins as they are now.
--   'u' when the key is known with other content; 'x' when this customer's keys are not what is said there.
--   A number alone: nothing was done, since a call of that generation of this node, a later one, came before.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1])
if refused then
    return refused
end

local node, most_events, most_recents, oldest = ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
-- include: customer.lua

-- A call that was given up may still be on its way, and land when what remembers its events is gone.
local generation = 'generation ' .. node
local latest = tonumber((pcall_('HGET', KEYS[2], generation)))
if latest and latest > tonumber(ARGV[8]) then
    return latest
end

-- When what brought the key is released and forgotten, the record that brought it once more may be given again: so it is
-- remembered for itself, until its node has released it.
local function remember_repeated(c, known, mark)
    local record = pack('>I6', REPEATED + unpack('>I6', mark, 25))
    local repeated = sub(known, 1, 16) .. sub(mark, 17, 24) .. record .. sub(known, 31)
    if not recent(c, repeated) then
        remember(c, repeated)
    end
end

local function answer(c, letter, told, attached)
    local mapping = ''
    if attached > 0 then
        mapping = pack('>I2I4I4', c.n_seen, #c.identifiers, #c.origins) .. c.seen .. c.identifiers .. c.origins
    end
    return letter .. pack('>I4', #told) .. told .. mapping
end

local function answer_known(c, known, mark)
    local replayed = sub(known, 17, 30) == sub(mark, 17, 30)
    if not replayed then
        remember_repeated(c, known, mark)
    end
    if sub(known, 9, 16) ~= sub(mark, 9, 16) then
        return 'u'
    end
    local entry = stored_entry(c, unpack('>I6', known, 31), 7, sub(known, 1, 8))
    return entry and answer(c, replayed and 'r' or 'd', entry, unpack('>I4', entry, 16)) or 'x'
end

local function append(c, at)
    local mark = sub(ARGV[at], 9)
    local known = recent(c, sub(mark, 1, 8))
    if known then
        return answer_known(c, known, mark)
    end
    local sequence, attached, before = add_event(c, at)
    return sequence and answer(c, 'a', pack('>I6I4', sequence, attached) .. before, attached) or 'x'
end

local function note_released()
    local noted = pcall_('HSET', KEYS[2], node, ARGV[3], 'time', ARGV[7], generation, ARGV[8])
    if type(noted) == 'table' then -- somebody's mistake; it costs one lane the memory of who released what, and no event
        call('DEL', KEYS[2])
        call('HSET', KEYS[2], node, ARGV[3], 'time', ARGV[7], generation, ARGV[8])
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
    answers[#answers + 1] = c.broken and 'x' or append(c, at)
end
save_all(node, released_by)
return answers
