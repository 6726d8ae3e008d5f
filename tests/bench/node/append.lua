#!lua
-- Brings events to their customers' timelines, each once. ARGV, for each: "source id", a customer id in case that a new one
-- is needed, milliseconds, channel, what the next event will see as the previous one (JSON), the JSON of the event up to
-- the customer's id and from there to its end, number of identifiers, and the identifiers.
-- Answers, for each, {customer id, context (JSON)}, or false where the event is known.
local call = redis.call
local WEEK = 7 * 24 * 3600

-- Whoever has one of the identifiers; all of them are that customer's from now on.
local function find_customer(keys, new)
    local customer
    local owners = call('MGET', unpack(keys))
    for i = 1, #keys do
        customer = customer or owners[i]
    end
    customer = customer or new
    for i = 1, #keys do
        if not owners[i] then
            call('SET', keys[i], customer)
        end
    end
    return customer
end

local function context_of(state, channel, ms)
    local counts = {}
    for name, value in pairs(state) do
        local counted = string.match(name, '^in%.(.*)')
        if counted then
            counts[#counts + 1] = '"' .. counted .. '":' .. value
        end
    end
    local gap = state.ms and string.format('%.3f', (ms - state.ms) / 1000) or 'null'
    return '{"sequence":' .. state.n .. ',"previous":' .. (state.last or 'null') .. ',"gap_s":' .. gap
        .. ',"channel_switch":' .. tostring(state.channel ~= nil and state.channel ~= channel)
        .. ',"counts":{' .. table.concat(counts, ',') .. '}}'
end

local function append(at)
    if not call('SET', 'seen:' .. ARGV[at], '', 'NX', 'EX', WEEK) then
        return false
    end
    local ms, channel, keys = ARGV[at + 2], ARGV[at + 3], {}
    for i = 1, tonumber(ARGV[at + 7]) do
        keys[i] = 'identifier:' .. ARGV[at + 7 + i]
    end
    local customer = find_customer(keys, ARGV[at + 1])
    local key = 'customer:' .. customer
    local flat, state = call('HGETALL', key), {}
    for i = 1, #flat, 2 do
        state[flat[i]] = flat[i + 1]
    end
    local count = 'in.' .. channel
    state.n = (state.n or 0) + 1
    state[count] = (state[count] or 0) + 1
    local context = context_of(state, channel, ms)
    call('HSET', key, 'n', state.n, count, state[count], 'ms', ms, 'channel', channel, 'last', ARGV[at + 4])
    call('ZADD', 'timeline:' .. customer, ms,
        ARGV[at + 5] .. customer .. ARGV[at + 6] .. context .. '}')
    return { customer, context }
end

local answers, at = {}, 1
while at <= #ARGV do
    answers[#answers + 1] = append(at)
    at = at + 8 + tonumber(ARGV[at + 7])
end
return answers
