#!lua
-- What every script does first. KEYS[1] is the home of its hash tag: "open SERVER NUMBER COUNT".
local function server()
    return string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
end
local function home_refuses(repair)
    local home = redis.pcall('GET', KEYS[1])
    if type(home) ~= 'string' then
        return redis.error_reply('TPHOME absent')
    end
    local state, where, number = string.match(home, '^(%a+) (%x+) (%d+) ')
    if where ~= server() then
        return redis.error_reply('TPHOME elsewhere')
    end
    if state ~= 'open' or number ~= repair then
        return redis.error_reply('TPHOME closed')
    end
end
