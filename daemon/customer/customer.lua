#!lua
-- A customer of a lane, as the scripts keep it. Its keys, in the lane's hash tag:
--   c:ID   a string: '\4', the head (HEAD_FORMAT: last sequence, entries, time of the first, the lengths of what follows,
--          its role, and how many identifiers are listed and not told yet), last, state, seen, identifiers, origins,
--          prints.
--          role         ALONE: it has no m:ID, or only traits there; ROOT; MEMBER: it leads elsewhere, and is frozen
--          last         "LF NAME TAB VALUE" of what arrived last, put there whole by each event
--          state        "LF NAME TAB VALUE" each; what names and values mean is the daemon's
--          seen         >I6 each: when the identifiers were seen first, in ms; UNTOLD added while listed and not told
--          identifiers  LF, then "TYPE TAB VALUE LF" each
--          origins      "ORIGIN LF" each: of the event that brought it, and "TAB HOLDER" where it is that member's; without
--                       these when they are those of the one before
--          prints       the first PRINT bytes of the key of each recent
--   r:ID   a string, the recents: RECENT bytes each, in order of append: key 8, content 8, node 8, record >I6, time >I6,
--          owner >I2: 0, or whose entry it is, as of `owners`.
--          They are apart, and only added to, so that a customer with many costs no more than one with few. The record
--          of one that brought a known key once more has REPEATED added; the content and time there are the first one's.
--          One with DEFERRED added is no entry: the event has its place with another, whose id stands where its time and
--          owner (the first half) and its content (the second) would be.
--   t:ID   a sorted set by time: >I6 sequence, key 8, encoding, >I4 attached, >I2 how many were merged, >I4 length of the
--          state before (last and state), the ids of those merged, that state, what the daemon gave. The sequence in
--          front puts entries of one time in order.
--          encoding  '\0'; of an interaction that has a version '\1', and then key of source and id 8, >I8 version, stand
--                    behind that length; and where another version is known, the state has a line more, of that
--          One of which a newer version is there has no place in time: its score is -1 - time. So nobody reads it, and it
--          goes when it is not remembered any more.
--          attached  a bit for each of its identifiers that was new to the customer, the first 1, the second 2, ...
--          merged    whom the customer has taken in before this entry, and after the one before
--   m:ID   a hash, of who was merged with others, and of whom something was said: it is not there for most.
--          generation  grows when it leads elsewhere, and when it gives a member up; 0 where there is no m:ID
--          to, merge, phase, at, evidence  of a member: whom it leads to; the generation of that; 'pending' until it is
--                      known that that one has taken it in, 'leaving' from the first step of a split on; "GENERATION N"
--                      of that one as it was looked at; why
--          members     the ids of all that it lists, direct or by way of another
--          spans       >I6, >I6 of each of these: the times of its first entry and of its last
--          row ID      of each: "INTO TAB MERGE TAB EVIDENCE"
--          last ID     of those whose last took the place of its own: that
--          notes       "HOLDER TAB MEMBER TAB MERGE TAB SIDE TAB GENERATION LF" each: of a split of that member from that
--                      merge; SIDE 'm' of the member, 's' of those it was taken from; HOLDER: itself, or a member of it;
--                      GENERATION: of the holder, by then
--          owners      ids, by which recents name whose their entries are
--          untold      the ids of those that were taken in since the last entry
--          minute, merges  how many were taken in in that minute
--          traits      "NAME TAB TIME TAB HOLDER TAB JSON LF" each: what was said of HOLDER, itself or a member of it;
--                      TIME: of the event that said so, in ms; in the order in which they came. Whatever its role
--   v:ID   a hash, of interactions that have versions: key of source and id, to "VERSION SEQUENCE TIME OWNER LF" of the
--          newest of each who has any: OWNER: a member, in front '' for itself.
-- An event is six words of ARGV: >I2 its customer, >I4 bound, >I6 when it was received, what will be remembered of it
--   (without owner), and where it has a version, key of source and id and >I8 that;
--   time; what the daemon gives of the entry; "ORIGIN LF", and of each identifier "TYPE TAB VALUE LF", of another
--   customer's only LF; last; changes of the state, each: kind, >I2 length, "LF NAME TAB", >I4 length, value.
--   Of one that only says who somebody is, what the daemon gives of the entry is '', and so is last; the last word is
--   "NAME TAB JSON LF" of each trait.
--   bound  0: the customer must be no member; else 1 more than its generation must be; 2^32 - 1: nothing is appended,
--          only what is known is answered; with DEFER added, it is not appended here, but its place is remembered: what
--          the daemon gives of the entry is then the id of whose it is to be
-- KEYS: home, released (a hash: node to the first record that it has not released; `generation NODE`: that of its latest
--   call; `time`: when the newest event of the latest call was received), then c:ID, r:ID, t:ID, m:ID and v:ID a customer.
-- Who includes this has the locals most_events, most_recents and oldest: the most of each, and the oldest time kept.
-- A script that fails half-way is not undone: what could fail is asked with pcall, and costs its customer alone.
-- Few calls and few bytes in strings, since Redis' Lua hashes every byte of every string. A call is bounded however long
-- the timeline is: it looks for what it knows among the recents, finds their entries from the back, and trims so many at
-- a time.
local call, pcall_, find, sub = redis.call, redis.pcall, string.find, string.sub
local pack, unpack = struct.pack, struct.unpack
local HEAD, RECENT, PRINT, ID, MOST_IDENTIFIERS, MOST_NAMES, MOST_TRIMMED = 37, 38, 2, 36, 2000, 100, 200
local LAST_FIELD = '[^\t]*$'
local MARKED = 48 -- bytes of an event's first word that has no version
local REPEATED, DEFERRED, UNTOLD, NEVER = 2 ^ 47, 2 ^ 46, 2 ^ 47, 2 ^ 48 - 1
local ALONE, ROOT, MEMBER = 0, 1, 2
local MOST_UNTOLD = 255 -- from there on it is not counted, and never comes down
local MOST_TRAITS = 100000 -- bytes: what does not fit is not kept
local OWN = '\0\0'
local HEAD_FORMAT = '>I6I4I6I4I4I2I4I4I1I1'

-- False when it is not what these scripts wrote.
local function read_customer(c, blob)
    if #blob < HEAD or sub(blob, 1, 1) ~= '\4' then
        return false
    end
    local n, events, first, last_length, state_length, n_seen, identifiers_length, origins_length, role, untold =
        unpack(HEAD_FORMAT, blob, 2)
    local state_at = HEAD + 1 + last_length
    local seen_at = state_at + state_length
    local identifiers_at = seen_at + 6 * n_seen
    local origins_at = identifiers_at + identifiers_length
    local prints_at = origins_at + origins_length
    c.n, c.events, c.first, c.n_seen, c.role, c.untold = n, events, first, n_seen, role, untold
    c.last = sub(blob, HEAD + 1, state_at - 1)
    c.state = sub(blob, state_at, seen_at - 1)
    c.seen = sub(blob, seen_at, identifiers_at - 1)
    c.identifiers = sub(blob, identifiers_at, origins_at - 1)
    c.origins = sub(blob, origins_at, prints_at - 1)
    c.prints = sub(blob, prints_at)
    local least = n == 0 and prints_at - 1 or prints_at -- who only lists identifiers remembers nothing
    return least <= #blob and sub(c.identifiers, 1, 1) == '\n'
end

local function remembered(c)
    return #c.prints / PRINT
end

local function id_of(c)
    return sub(c.key, -ID)
end

-- Of m:ID; nothing of who has none.
local function graph(c, name)
    return c.role ~= ALONE and call('HGET', c.graph, name) or nil
end

local function generation(c)
    return tonumber(graph(c, 'generation') or 0)
end

-- Read when somebody asks for them, and then kept.
local function traits(c)
    if not c.traits then
        local found = pcall_('HGET', c.graph, 'traits')
        c.traits = type(found) == 'string' and found or ''
    end
    return c.traits
end

-- For those who change it, or are about to: who is ALONE may have one that is none of ours.
local function is_sound(c)
    return not c.broken and type(pcall_('HLEN', c.graph)) ~= 'table'
end

local customers = {}
local function load(index)
    local at = 5 * index - 2
    local c = { key = KEYS[at], recents = KEYS[at + 1], line = KEYS[at + 2], graph = KEYS[at + 3], versions = KEYS[at + 4],
                n = 0, events = 0, first = NEVER, last = '', state = '', n_seen = 0, seen = '', identifiers = '\n',
                origins = '', prints = '', role = ALONE, untold = 0, broken = false, touched = false }
    local blob, length = pcall_('GET', c.key), pcall_('STRLEN', c.recents)
    c.traits = not blob and '' or nil
    c.broken = blob and (type(blob) == 'table' or not read_customer(c, blob))
    c.broken = c.broken or (c.role ~= ALONE and not is_sound(c))
    c.remembered_before = remembered(c)
    c.broken = c.broken or length ~= RECENT * c.remembered_before
    customers[index] = c
end

local function is_deferred(mark)
    return unpack('>I6', mark, 25) % REPEATED >= DEFERRED
end

-- The first recent that begins with this key, or with more of it, and has an entry; else the first that was deferred.
-- Few others have its print.
local function recent(c, bytes)
    local print, at, deferred = sub(bytes, 1, PRINT), 0, nil
    repeat
        at = find(c.prints, print, at + 1, true)
        if at and (at - 1) % PRINT == 0 then
            local from = (at - 1) / PRINT * RECENT
            local mark = call('GETRANGE', c.recents, from, from + RECENT - 1)
            if sub(mark, 1, #bytes) == bytes then
                if not is_deferred(mark) then
                    return mark
                end
                deferred = deferred or mark
            end
        end
    until not at
    return deferred
end

-- The entry at that score that has `bytes` at `at`. From the back: it was appended lately, and thousands may have the same
-- time. Nothing when it is not there.
local function entry_at(c, score, at, bytes)
    local passed = 0
    repeat
        local some = pcall_('ZRANGE', c.line, score, score, 'BYSCORE', 'REV', 'LIMIT', passed, 16)
        for _, entry in ipairs(some) do
            if sub(entry, at, at + #bytes - 1) == bytes then
                return entry
            end
        end
        passed = passed + #some
    until #some == 0
end

-- That of this time, in sight or not; of two the later.
local function stored_entry(c, time, at, bytes)
    local shown, other = entry_at(c, time, at, bytes), entry_at(c, -1 - time, at, bytes)
    if shown and other then
        return sub(shown, 1, 6) > sub(other, 1, 6) and shown or other
    end
    return shown or other
end

-- The oldest by time go first, but none that is remembered: a replay and a retry must find their answer. Such a one is
-- passed over and takes no room from the others, so that imported history does not push recent events out.
local function trim(c)
    if c.events <= most_events and c.first >= oldest then
        return
    end
    c.events = call('ZCARD', c.line)
    local hidden = call('ZCOUNT', c.line, '-inf', '(0')
    local passed = hidden
    for _ = 1, most_recents + MOST_TRIMMED do
        local first = call('ZRANGE', c.line, passed, passed, 'WITHSCORES')
        if passed == hidden then
            c.first = tonumber(first[2] or NEVER)
        end
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

-- What is out of sight, and not remembered any more. Only when some are forgotten.
local function trim_hidden(c)
    for _, entry in ipairs(call('ZRANGE', c.line, '(0', '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, MOST_TRIMMED)) do
        if not recent(c, sub(entry, 7, 14)) then
            call('ZREM', c.line, entry)
            c.events = c.events - 1
        end
    end
end

local function count(text, mark)
    local _, n = string.gsub(text, mark, mark)
    return n
end

-- `name` with its LF and TAB, by which it is found.
local function change(state, kind, name, value)
    local from, to = find(state, name, 1, true)
    if not from then
        return count(state, '\n') < MOST_NAMES and state .. name .. value or state
    end
    local rest = find(state, '\n', to + 1, true) or #state + 1
    if kind == 'a' then
        local sum = (tonumber(sub(state, to + 1, rest - 1)) or 0) + tonumber(value)
        value = string.format(sum % 1 == 0 and '%d' or '%.17g', sum)
    end
    return sub(state, 1, to) .. value .. sub(state, rest)
end

local function change_all(state, changes)
    local at, kind, name, value = 1, nil, nil, nil
    while at <= #changes do
        kind, name, value, at = unpack('>c1I2c0I4c0', changes, at)
        state = change(state, kind, name, value)
    end
    return state
end

-- The origin of what is attached last.
local function last_origin(c)
    return string.match('\n' .. c.origins, '.*\n([^\n]+)\n') -- from the back
end

local function attach(c, line, origin, received)
    c.origins = c.origins .. (origin == last_origin(c) and '' or origin) .. '\n'
    c.identifiers = c.identifiers .. line .. '\n'
    c.seen = c.seen .. received
    c.n_seen = c.n_seen + 1
end

-- Each line of identifiers, with the origin of it and since when it is there.
local function each_identifier(identifiers, origins, seen, visit)
    local origin, at, from = nil, 1, 2
    for origin_line in string.gmatch(origins, '([^\n]*)\n') do
        local line = string.match(identifiers, '[^\n]*', from)
        origin = origin_line ~= '' and origin_line or origin
        visit(line, origin, sub(seen, at, at + 5))
        at, from = at + 6, from + #line + 1
    end
end

-- Whether the identifier at that place of the list was listed and not told; from now on it is told.
local function tell_listed(c, at)
    if c.untold == 0 then
        return false
    end
    local seen_at = 6 * (count(sub(c.identifiers, 1, at), '\n') - 1)
    local seen = unpack('>I6', c.seen, seen_at + 1)
    if seen < UNTOLD then
        return false
    end
    c.seen = sub(c.seen, 1, seen_at) .. pack('>I6', seen - UNTOLD) .. sub(c.seen, seen_at + 7)
    c.untold = c.untold < MOST_UNTOLD and c.untold - 1 or MOST_UNTOLD
    return true
end

-- Answers a bit for each that was not there, or was only listed.
local function attach_all(c, word, received)
    local from = find(word, '\n', 1, true)
    if c.untold == 0 and find(c.identifiers, sub(word, from), 1, true) then
        return 0
    end
    local attached, bit = 0, 1
    for line in string.gmatch(sub(word, from + 1), '([^\n]*)\n') do
        local at = line ~= '' and find(c.identifiers, '\n' .. line .. '\n', 1, true)
        if at then
            attached = attached + (tell_listed(c, at) and bit or 0)
        elseif line ~= '' and c.n_seen < MOST_IDENTIFIERS then
            attach(c, line, sub(word, 1, from - 1), received)
            attached = attached + bit
        end
        bit = bit * 2
    end
    return attached
end

local function remember(c, mark)
    c.prints = c.prints .. sub(mark, 1, PRINT)
    call('APPEND', c.recents, mark)
    c.touched = true
end

-- What is remembered of an event.
local function mark_of(at)
    return sub(ARGV[at], 13, MARKED) .. OWN
end

local function entry_of(at, sequence, attached, merged, before)
    local key = sub(ARGV[at], 13, 20)
    local head, version = pack('>I4I2I4', attached, #merged / ID, #before), sub(ARGV[at], MARKED + 1)
    local encoding = version == '' and '\0' or '\1'
    return pack('>I6', sequence) .. key .. encoding .. head .. version .. merged .. before .. ARGV[at + 2]
end

-- Out of sight, where a newer version of it is there.
local function score_of(at, standing)
    return standing and standing.is_late and -1 - standing.this.time or ARGV[at + 1]
end

-- Of an interaction of which another version is known nothing is counted. Where what it supersedes is what arrived last,
-- that is so still; by its id, which is the last of the line.
local function bring(c, at, standing)
    local last = ARGV[at + 4]
    if not standing or standing.told == '' then
        c.last, c.state = last, change_all(c.state, ARGV[at + 5])
    elseif find(standing.told, '\nsupersedes\t', 1, true)
        and string.match(c.last, LAST_FIELD) == string.match(last, LAST_FIELD) then
        c.last = last
    end
end

-- At the end: its sequence, what was attached and the state before. Nothing when its key is no timeline; nor is it then
-- for another of this call, so nothing of this customer is saved. `told`: what was attached, where that is known.
-- `standing`: of one that has a version, as versions.lua tells it.
local function add_event(c, at, merged, told, standing)
    local mark, before, sequence = mark_of(at), c.last .. c.state .. (standing and standing.told or ''), c.n + 1
    local attached = attach_all(c, ARGV[at + 3], sub(ARGV[at], 7, 12))
    attached = told or attached
    if type(pcall_('ZADD', c.line, score_of(at, standing), entry_of(at, sequence, attached, merged, before))) == 'table' then
        return
    end
    c.n, c.events, c.first = sequence, c.events + 1, math.min(c.first, unpack('>I6', mark, 31))
    bring(c, at, standing)
    remember(c, mark)
    return sequence, attached, before
end

-- Of m:ID; '' is not kept.
local function set_graph(c, name, value)
    if value == '' then
        call('HDEL', c.graph, name)
    else
        call('HSET', c.graph, name, value)
    end
end

-- Ids, of a field that has ids without anything between them.
local function take_out(c, name, ids)
    local left = graph(c, name) or ''
    for id in string.gmatch(ids, string.rep('.', ID)) do
        local from, to = find(left, id, 1, true)
        left = from and sub(left, 1, from - 1) .. sub(left, to + 1) or left
    end
    set_graph(c, name, left)
end

-- An entry tells of these.
local function note_told(c, merged)
    if merged ~= '' then
        take_out(c, 'untold', merged)
    end
end

-- Now and then, since it reads them all.
local some = math.max(1, math.floor(most_recents / 4))
local function should_forget(c)
    local beyond, before = remembered(c) - most_recents, c.remembered_before - most_recents
    return beyond > 0 and math.floor(beyond / some) > math.floor(before / some)
end

-- Behind which the newest begin, whosever they are, of those whose records are from `first` on and below `last`. One that
-- brought a key once more is none of them: whoever repeats himself must not push others out. Nor must what is deferred.
local function newest_from(all, first, last)
    local at, left = #all, most_recents
    while at > 0 and left > 0 do
        at = at - RECENT
        local record = unpack('>I6', all, at + 25)
        left = left - (record >= first and record < last and 1 or 0)
    end
    return at
end

-- The newest stay; of all others, those whose node has not released them. What came after one that `node` has not
-- released is not looked at: it is hardly released either. Another node that is silent for ever must not keep all.
local function forget_recents(c, node, released_by)
    local all, kept, prints = call('GETRANGE', c.recents, 0, -1), {}, {}
    local newest, deferred, rest = newest_from(all, 0, DEFERRED), newest_from(all, DEFERRED, REPEATED), #all
    for at = 1, #all, RECENT do
        local owner, record = sub(all, at + 16, at + 23), unpack('>I6', all, at + 24)
        local waits = at > rest or record % DEFERRED >= released_by(owner)
        if waits or (at > (record < DEFERRED and newest or deferred) and record < REPEATED) then
            kept[#kept + 1] = sub(all, at, at + RECENT - 1)
            prints[#prints + 1] = sub(all, at, at + PRINT - 1)
        end
        rest = waits and owner == node and math.min(rest, at) or rest
    end
    c.prints = table.concat(prints)
    call('SET', c.recents, table.concat(kept))
end

local function save(c)
    local head = pack(HEAD_FORMAT, c.n, c.events, c.first, #c.last, #c.state, c.n_seen, #c.identifiers, #c.origins, c.role,
        math.min(c.untold, MOST_UNTOLD))
    call('SET', c.key, '\4' .. head .. c.last .. c.state .. c.seen .. c.identifiers .. c.origins .. c.prints)
end

-- What changed of the customers.
local function save_all(node, released_by)
    for _, c in ipairs(customers) do
        if c.touched then
            if should_forget(c) then
                forget_recents(c, node, released_by)
                c.has_forgotten = true
            end
            if c.has_forgotten then
                trim_hidden(c)
            end
            trim(c)
            save(c)
        end
    end
end

for index = 1, (#KEYS - 2) / 5 do
    load(index)
end
