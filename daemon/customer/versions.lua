#!lua
-- Versions of one interaction, which its sender sends again when it has changed. To be included behind customer.lua.
--
-- Each is an event of its own, and has its entry. The timeline shows the newest: of a customer's own the others are put
-- out of sight, and where members have some, who reads leaves out those that v:ID does not name as the newest.

-- Beyond so many the oldest by time are forgotten, some at a time: what comes of them then is nobody's newer version.
local MOST_VERSIONED, FEWER_VERSIONED = 1000, 750
local MOST_OWNERS = 16 -- of one interaction: the newest that they have

local function has_versions(c)
    return type(pcall_('HLEN', c.versions)) ~= 'table'
end

-- Each line of v:ID, as { version, sequence, time, owner }.
local function each_version(lines, visit)
    for version, sequence, time, owner in string.gmatch(lines, '(%d+) (%d+) (%d+) ([^\n]*)\n') do
        visit({ version = tonumber(version), sequence = tonumber(sequence), time = tonumber(time), owner = owner })
    end
end

-- Of two that are the same version, which is a retry that nobody knew any more, the first is the newer.
local function is_newer(one, other)
    return one.version > other.version or (one.version == other.version and one.sequence < other.sequence)
end

-- Its own, and then the newest, in whichever order they came.
local function comes_first(one, other)
    if one.owner == '' or other.owner == '' then
        return one.owner < other.owner
    end
    return is_newer(one, other) or (not is_newer(other, one) and one.owner < other.owner)
end

local function version_lines(all)
    table.sort(all, comes_first)
    local lines = {}
    for i = 1, math.min(#all, MOST_OWNERS) do
        lines[i] = string.format('%d %d %d %s\n', all[i].version, all[i].sequence, all[i].time, all[i].owner)
    end
    return table.concat(lines)
end

-- The customer's own, and the newest of all.
local function known_versions(c, bare_key)
    local own, newest
    each_version(call('HGET', c.versions, bare_key) or '', function(one)
        own = one.owner == '' and one or own
        newest = (not newest or is_newer(one, newest)) and one or newest
    end)
    return own, newest
end

-- A line of the state before its entry.
local function tell_versions(version, newest)
    local relation = version > newest.version and 'supersedes' or 'superseded_by'
    local owner = newest.owner == '' and '' or ' ' .. newest.owner
    return string.format('\n%s\t%d %d%s', relation, newest.version, newest.sequence, owner)
end

-- What an event that has a version is to those that are known. `told`: that, where it is known already.
local function among_versions(c, at, sequence, told)
    local bare_key, version = sub(ARGV[at], 49, 56), unpack('>I8', ARGV[at], 57)
    local own, newest = known_versions(c, bare_key)
    local this = { version = version, sequence = sequence, time = tonumber(ARGV[at + 1]), owner = '' }
    own = own and own.sequence ~= sequence and own or nil -- who restores may give one again
    return { bare_key = bare_key, this = this, own = own, is_late = own and not is_newer(this, own),
             told = told or (newest and tell_versions(version, newest)) or '' }
end

-- Nothing of what has no version; false where v:ID is something else.
local function standing_of(c, at, sequence, told)
    if #ARGV[at] == MARKED then
        return nil
    end
    return has_versions(c) and among_versions(c, at, sequence, told)
end

-- Its place is that of nobody's time: it stays as long as it is remembered, for replays and retries.
local function put_out_of_sight(c, one)
    local entry = stored_entry(c, one.time, 1, pack('>I6', one.sequence))
    if entry then
        call('ZADD', c.line, -1 - one.time, entry)
    end
end

local function forget_versions(c)
    local flat, all = call('HGETALL', c.versions), {}
    for i = 1, #flat, 2 do
        local last = 0
        each_version(flat[i + 1], function(one)
            last = math.max(last, one.time)
        end)
        all[#all + 1] = { name = flat[i], last = last }
    end
    table.sort(all, function(one, other)
        return one.last > other.last
    end)
    for i = FEWER_VERSIONED + 1, #all do
        call('HDEL', c.versions, all[i].name)
    end
end

local function keep_versions(c, bare_key, all)
    if #all == 0 then
        call('HDEL', c.versions, bare_key)
    else
        call('HSET', c.versions, bare_key, version_lines(all))
    end
end

local function bound_versions(c)
    if call('HLEN', c.versions) > MOST_VERSIONED then
        forget_versions(c)
    end
end

-- When its entry is there.
local function note_version(c, standing)
    if not standing or standing.is_late then
        return
    end
    if standing.own then
        put_out_of_sight(c, standing.own)
    end
    local all = { standing.this }
    each_version(call('HGET', c.versions, standing.bare_key) or '', function(one)
        all[#all + 1] = one.owner ~= '' and one or nil
    end)
    keep_versions(c, standing.bare_key, all)
    bound_versions(c)
end

-- ---- of who is made one with others, and apart again ----

-- All of them, as take_versions reads them.
local function all_versions(c)
    local flat, told = pcall_('HGETALL', c.versions), {}
    for i = 1, #flat, 2 do
        told[#told + 1] = pack('>I2', #flat[i]) .. flat[i] .. pack('>I4', #flat[i + 1]) .. flat[i + 1]
    end
    return table.concat(told)
end

-- Those of `giver`, and of its members, who are this one's from now on.
local function take_versions(c, giver, told)
    local at, bare_key, lines = 1, nil, nil
    while at <= #told and has_versions(c) do
        bare_key, lines, at = unpack('>I2c0I4c0', told, at)
        local all, has = {}, { [id_of(c)] = true }
        local function add(one)
            all[#all + 1] = not has[one.owner] and one or nil
            has[one.owner] = true
        end
        each_version(call('HGET', c.versions, bare_key) or '', add)
        each_version(lines, function(one)
            one.owner = one.owner == '' and giver or one.owner
            add(one)
        end)
        keep_versions(c, bare_key, all)
    end
    if told ~= '' and has_versions(c) then
        bound_versions(c)
    end
end

-- Those of these ids.
local function give_up_versions(c, ids)
    local flat = pcall_('HGETALL', c.versions)
    for i = 1, #flat, 2 do
        local all, kept = 0, {}
        each_version(flat[i + 1], function(one)
            all = all + 1
            kept[#kept + 1] = (one.owner == '' or not find(ids, one.owner, 1, true)) and one or nil
        end)
        if #kept < all then
            keep_versions(c, flat[i], kept)
        end
    end
end
