#!lua
-- Appends a lane's batch, each event once.
--
-- Keys of a customer, in the lane's hash tag:
--   c:ID   a string: '\1', >I4 length of the state, >I4 length of the identifiers, state, identifiers, recents.
--          state        JSON, one flat object; n is the last sequence
--          identifiers  lines: TYPE TAB VALUE TAB first seen in ms
--          recents      RECENT bytes each, in order of append: key 8, content 8, node 8, record >I6, time >I6
--   t:ID   a sorted set by time: >I6 sequence, key 8, encoding '\0', >I4 length of the state before, that state, what the
--          daemon gave. The sequence in front puts entries of one time in order.
-- KEYS: home, released (a hash: node to the first record that it has not released), then c:ID and t:ID a customer.
-- ARGV: repair number, node 8, released, most events, most recents, oldest time kept; then an event each: customer's
--   index, key, content, record, time, entry, identifiers ("TYPE TAB VALUE LF" each), received, number of changes, and a
--   change each: kind, name, value.
-- Answers an event each: {'appended', sequence, state before}, {'replayed'|'duplicate', entry}, {'reused'}, {'broken'}.
-- All customers are read, and their types looked at, before the first write: a script that fails half-way is not undone.
-- What a call costs is bounded, however long the timeline is: it looks for what it knows among the recents, finds their
-- entries from the back, and trims so many at a time.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1])
if refused then
    return refused
end

local call, pcall_, find, sub = redis.call, redis.pcall, string.find, string.sub
local pack, unpack = struct.pack, struct.unpack
local HEAD, RECENT, MOST_IDENTIFIERS, MOST_NAMES, MOST_TRIMMED = 9, 36, 500, 100, 200
local node, most_events, most_recents, oldest = ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

-- False when it is not what this script wrote.
local function read_customer(c, blob)
    c.before, c.identifiers, c.recents, c.state = '', '', '', { n = 0 }
    if not blob then
        return true
    elseif sub(blob, 1, 1) ~= '\1' or #blob < HEAD then
        return false
    end
    local state_length, identifiers_length = unpack('>I4I4', blob, 2)
    local identifiers_at = HEAD + 1 + state_length
    local recents_at = identifiers_at + identifiers_length
    c.before = sub(blob, HEAD + 1, identifiers_at - 1)
    c.identifiers = sub(blob, identifiers_at, recents_at - 1)
    c.recents = sub(blob, recents_at)
    local readable, state = pcall(cjson.decode, c.before)
    c.state = state
    return readable and type(state) == 'table' and type(state.n) == 'number'
end

local customers = {}
local function load(index)
    local c = { key = KEYS[1 + 2 * index], line = KEYS[2 + 2 * index], fresh = {}, fresh_at = {} }
    local blob, events = pcall_('GET', c.key), pcall_('ZCARD', c.line)
    c.events = events
    c.broken = type(blob) == 'table' or type(events) == 'table' or not read_customer(c, blob)
    customers[index] = c
end

-- The recent with this key: among those stored, or those of this call.
local function recent(c, key)
    if c.fresh_at[key] then
        return c.fresh_at[key]
    end
    local at = find(c.recents, key, 1, true)
    while at and (at - 1) % RECENT ~= 0 do
        at = find(c.recents, key, at + 1, true)
    end
    return at and sub(c.recents, at, at + RECENT - 1)
end

-- From the back: it was appended lately, and thousands may have the same time.
local function stored_entry(c, key, time)
    local passed = 0
    repeat
        local some = call('ZRANGE', c.line, time, time, 'BYSCORE', 'REV', 'LIMIT', passed, 16)
        for _, entry in ipairs(some) do
            if sub(entry, 7, 14) == key then
                return entry
            end
        end
        passed = passed + #some
    until #some == 0
end

-- The oldest by time go first, but none that is remembered: a replay and a retry must find their answer. Such a one is
-- passed over and takes no room from the others, so that imported history does not push recent events out.
local function trim(c)
    local passed = 0
    for _ = 1, most_recents + MOST_TRIMMED do
        local first = call('ZRANGE', c.line, passed, passed, 'WITHSCORES')
        if #first == 0 or (c.events - passed <= most_events and tonumber(first[2]) >= oldest) then
            return
        end
        if recent(c, sub(first[1], 7, 14)) then
            passed = passed + 1
        else
            call('ZREM', c.line, first[1])
            c.events = c.events - 1
        end
    end
end

local function has_room(state)
    local names = 0
    for _ in pairs(state) do
        names = names + 1
    end
    return names < MOST_NAMES
end

local function change(state, kind, name, value)
    if state[name] == nil and not has_room(state) then
        return
    end
    if kind == 's' then
        state[name] = value
    elseif kind == 'n' then
        state[name] = tonumber(value)
    else
        state[name] = (tonumber(state[name]) or 0) + tonumber(value)
    end
end

local function note_identifiers(c, lines, received)
    for line in string.gmatch(lines, '[^\n]+') do
        if not find('\n' .. c.identifiers, '\n' .. line .. '\t', 1, true) then
            local _, count = string.gsub(c.identifiers, '\n', '\n')
            if count < MOST_IDENTIFIERS then
                c.identifiers = c.identifiers .. line .. '\t' .. received .. '\n'
            end
        end
    end
end

local function append(c, at)
    local key, content, record, time, tail = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5]
    local known = recent(c, key)
    if known then
        if sub(known, 9, 16) ~= content then
            return { 'reused' }
        end
        local same = sub(known, 17, 24) == node and unpack('>I6', known, 25) == tonumber(record)
        return { same and 'replayed' or 'duplicate', stored_entry(c, key, unpack('>I6', known, 31)) }
    end
    local before, state = c.before, c.state
    state.n = state.n + 1
    for i = at + 9, at + 6 + 3 * tonumber(ARGV[at + 8]), 3 do
        change(state, ARGV[i], ARGV[i + 1], ARGV[i + 2])
    end
    call('ZADD', c.line, time, pack('>I6', state.n) .. key .. '\0' .. pack('>I4', #before) .. before .. tail)
    local mark = key .. content .. node .. pack('>I6I6', tonumber(record), tonumber(time))
    c.fresh[#c.fresh + 1] = mark
    c.fresh_at[key] = mark
    c.before = cjson.encode(state)
    c.events = c.events + 1
    c.touched = true
    note_identifiers(c, ARGV[at + 6], ARGV[at + 7])
    return { 'appended', state.n, before }
end

local released = {}
local function note_released()
    local flat = pcall_('HGETALL', KEYS[2])
    if flat.err then -- somebody's mistake; it costs one lane the memory of who released what, and no event
        call('DEL', KEYS[2])
        flat = {}
    end
    for i = 1, #flat, 2 do
        released[flat[i]] = tonumber(flat[i + 1])
    end
    if released[node] ~= tonumber(ARGV[3]) then
        call('HSET', KEYS[2], node, ARGV[3])
        released[node] = tonumber(ARGV[3])
    end
end

-- The newest stay, whosever they are; before them, those whose node has not released them. What came after one that this
-- node has not released is not looked at: it is hardly released either. Another node that is silent for ever must not
-- keep all.
local function forget_recents(c)
    local all = c.recents .. table.concat(c.fresh)
    local kept, from = {}, 1
    for at = 1, #all - most_recents * RECENT, RECENT do
        local owner, record = sub(all, at + 16, at + 23), unpack('>I6', all, at + 24)
        if record < (released[owner] or 0) then
            kept[#kept + 1] = sub(all, from, at - 1)
            from = at + RECENT
        elseif owner == node then
            break
        end
    end
    kept[#kept + 1] = sub(all, from)
    c.recents, c.fresh_at = table.concat(kept), {}
end

for index = 1, (#KEYS - 2) / 2 do
    load(index)
end
note_released()
local answers, at = {}, 7
while at <= #ARGV do
    local c = customers[tonumber(ARGV[at])]
    answers[#answers + 1] = c.broken and { 'broken' } or append(c, at)
    at = at + 9 + 3 * tonumber(ARGV[at + 8])
end
for _, c in ipairs(customers) do
    if c.touched then
        forget_recents(c)
        trim(c)
        call('SET', c.key, '\1' .. pack('>I4I4', #c.before, #c.identifiers) .. c.before .. c.identifiers .. c.recents)
    end
end
return answers
