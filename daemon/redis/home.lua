#!lua
-- What every script does first. KEYS[1] is the home of its hash tag: "open SERVER NUMBER COUNT" or
-- "closed SERVER NUMBER COUNT ORIGIN BEAT"; home.h says what these are.
local function server()
    return string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
end
-- 'open' or 'closed' under this repair and on this server; else 'absent', 'elsewhere', or 'other': of another repair.
local function home_state(repair)
    local home = redis.pcall('GET', KEYS[1])
    if type(home) ~= 'string' then
        return 'absent'
    end
    local state, where, number = string.match(home, '^(%a+) (%x+) (%d+) ')
    if where ~= server() then
        return 'elsewhere'
    end
    return number == repair and state or 'other'
end
-- `wanted`: 'open' when left out.
local function home_refuses(repair, wanted)
    local state = home_state(repair)
    if state ~= (wanted or 'open') then
        return redis.error_reply('TPHOME ' .. state)
    end
end
