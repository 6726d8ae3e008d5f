#!lua
-- A merge, step 2 of 3, at the survivor: it takes the loser in, and with it the loser's members; or not, if it is not as it
-- was looked at. KEYS: as customer.lua has them, of one. ARGV: repair number, 'open' or 'closed', most recents, the minute,
-- the loser, whether entries of the survivor tell of it and count it already ('1', '0'), and from there on what redirect.lua answered,
-- without 'pending'.
-- Answers 'in' (now or before), 'moved', or 'broken'.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1], ARGV[2])
if refused then
    return refused
end
local most_events, most_recents, oldest = math.huge, tonumber(ARGV[3]), 0
-- include: customer.lua
-- include: recents.lua
-- include: traits.lua
-- include: versions.lua

local minute, loser, is_counted = ARGV[4], ARGV[5], ARGV[6] == '1'
local to, number, at, evidence, members, owners = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12]
local untold, notes, said, spans = ARGV[13], ARGV[14], ARGV[15], ARGV[16]
local n, last, state, seen, identifiers, origins, recents = tonumber(ARGV[17]), ARGV[18], ARGV[19], ARGV[20], ARGV[21],
    ARGV[22], ARGV[23]
local span, versions, FIRST_ROW = pack('>I6I6', tonumber(ARGV[24]), tonumber(ARGV[25])), ARGV[26], 27

local function is_as_looked_at(c)
    return c.role ~= MEMBER and (at == '' or at == string.format('%d %d', generation(c), c.n_seen))
end

local function add_rows(c)
    call('HSET', c.graph, 'row ' .. loser, table.concat({ to, number, evidence }, '\t'))
    for i = FIRST_ROW, #ARGV, 2 do
        call('HSET', c.graph, ARGV[i], ARGV[i + 1])
    end
end

local function add_members(c)
    call('HSET', c.graph, 'members', (graph(c, 'members') or '') .. loser .. members)
    call('HSET', c.graph, 'spans', (graph(c, 'spans') or '') .. span .. spans)
    set_graph(c, 'notes', (graph(c, 'notes') or '') .. notes)
    if said ~= '' then
        take_traits(c, said)
    end
    if not is_counted then
        call('HSET', c.graph, 'untold', (graph(c, 'untold') or '') .. untold .. loser)
    end
end

-- One that is made once more is none of this minute's.
local function count_merge(c)
    call('HSET', c.graph, 'generation', generation(c))
    if not is_counted then
        local merges = graph(c, 'minute') == minute and tonumber(graph(c, 'merges')) or 0
        call('HSET', c.graph, 'minute', minute, 'merges', merges + 1)
    end
end

local function when(line)
    return tonumber(string.match(line, '\t(%d+)') or -1)
end

-- Numbers are counts. What arrived last is not known of two; the later in time is taken for it.
local function add_state(c)
    for name, value in string.gmatch(state, '(\n[^\t\n]*\t)([^\n]*)') do
        if tonumber(value) or not find(c.state, name, 1, true) then
            c.state = change(c.state, 'a', name, value)
        end
    end
    if when(last) > when(c.last) then
        call('HSET', c.graph, 'last ' .. loser, c.last)
        c.last = last
    end
    c.n = c.n + n
end

local function has_holder(origin)
    return find(origin, '\t[^\t]*\t')
end

-- One that both have stays as it is.
local function add_identifiers(c)
    each_identifier(identifiers, origins, seen, function(line, origin, since)
        if not find(c.identifiers, '\n' .. line .. '\n', 1, true) then
            attach(c, line, has_holder(origin) and origin or origin .. '\t' .. loser, since)
            c.untold = c.untold + (unpack('>I6', since) >= UNTOLD and 1 or 0)
        end
    end)
end

local s = customers[1]
if not is_sound(s) then
    return 'broken'
elseif graph(s, 'row ' .. loser) then
    if at == '' then
        add_rows(s) -- of a repair: it may be another merge of the same two
    end
    return 'in'
elseif not is_as_looked_at(s) then
    return 'moved'
end
s.role = ROOT
add_rows(s)
add_members(s)
count_merge(s)
add_identifiers(s)
take_recents(s, loser, owners, recents)
take_versions(s, loser, versions)
if not is_counted then
    add_state(s)
end
s.touched = true
save_all(nil, released_by)
return 'in'
