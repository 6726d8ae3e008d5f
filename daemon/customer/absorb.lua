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

local minute, loser, is_counted = ARGV[4], ARGV[5], ARGV[6] == '1'
local to, at, evidence, members, owners, untold = ARGV[7], ARGV[9], ARGV[10], ARGV[11], ARGV[12], ARGV[13]
local n, last, state, seen, identifiers, origins, recents = tonumber(ARGV[14]), ARGV[15], ARGV[16], ARGV[17], ARGV[18],
    ARGV[19], ARGV[20]
local first_time, last_time, FIRST_ROW = ARGV[21], ARGV[22], 23

local function is_as_looked_at(c)
    return c.role ~= MEMBER and (at == '' or at == string.format('%d %d', generation(c), c.n_seen))
end

local function add_rows(c)
    call('HSET', c.graph, 'row ' .. loser, table.concat({ to, first_time, last_time, evidence }, '\t'))
    for i = FIRST_ROW, #ARGV, 2 do
        call('HSET', c.graph, ARGV[i], ARGV[i + 1])
    end
    call('HSET', c.graph, 'members', (graph(c, 'members') or '') .. loser .. members)
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
    c.last = when(last) > when(c.last) and last or c.last
    c.n = c.n + n
end

-- One that both have stays as it is.
local function add_identifiers(c)
    local index, origin, from = 0, nil, 2
    for origin_line in string.gmatch(origins, '([^\n]*)\n') do
        origin = origin_line ~= '' and origin_line or origin
        index = index + 1
        local line = string.match(identifiers, '[^\n]*', from)
        from = from + #line + 1
        if not find(c.identifiers, '\n' .. line .. '\n', 1, true) then
            local since = sub(seen, 6 * index - 5, 6 * index)
            attach(c, line, origin, since)
            c.untold = c.untold + (unpack('>I6', since) >= UNTOLD and 1 or 0)
        end
    end
end

local function number_of(c, id)
    local all = graph(c, 'owners') or ''
    local from = find(all, id, 1, true)
    if not from then
        call('HSET', c.graph, 'owners', all .. id)
    end
    return ((from or #all + 1) - 1) / ID + 1
end

-- Whose it is, as the survivor numbers owners.
local function new_owner(c, numbers, number)
    if not numbers[number] then
        local id = number == 0 and loser or sub(owners, (number - 1) * ID + 1, number * ID)
        numbers[number] = id == to and OWN or pack('>I2', number_of(c, id))
    end
    return numbers[number]
end

-- In order of time, since in which they came is not known of two; and none twice.
local function add_recents(c)
    local own, numbers, merged, prints = call('GETRANGE', c.recents, 0, -1), {}, {}, {}
    local own_at, at = 1, 1
    local function take(mark)
        merged[#merged + 1] = mark
        prints[#prints + 1] = sub(mark, 1, PRINT)
    end
    while own_at <= #own or at <= #recents do
        if at > #recents or (own_at <= #own and unpack('>I6', own, own_at + 30) <= unpack('>I6', recents, at + 30)) then
            take(sub(own, own_at, own_at + RECENT - 1))
            own_at = own_at + RECENT
        else
            local mark = sub(recents, at, at + RECENT - 3) .. new_owner(c, numbers, unpack('>I2', recents, at + RECENT - 2))
            at = at + RECENT
            if not recent(c, sub(mark, 1, 30)) then
                take(mark)
            end
        end
    end
    c.prints = table.concat(prints)
    call('SET', c.recents, table.concat(merged))
end

local function released_by(owner)
    return tonumber((pcall_('HGET', KEYS[2], owner))) or 0
end

local s = customers[1]
if not is_sound(s) then
    return 'broken'
elseif graph(s, 'row ' .. loser) then
    return 'in'
elseif not is_as_looked_at(s) then
    return 'moved'
end
s.role = ROOT
add_rows(s)
count_merge(s)
add_identifiers(s)
add_recents(s)
if not is_counted then
    add_state(s)
end
s.touched = true
save_all(nil, released_by)
return 'in'
