#!lua
-- Looks identifiers up, and claims those that nobody has. KEYS: home, then one a identifier. ARGV: repair number, then
-- one a identifier: the customer that claims it when it is free, or '' to look only.
-- Answers, for each: whose it is now, '' when nobody's; false when its key holds something else.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1])
if refused then
    return refused
end
local owners, most = {}, 500 -- as many at a time as the stack has room for
for first = 2, #KEYS, most do
    for i, owner in ipairs(redis.call('MGET', unpack(KEYS, first, math.min(first + most - 1, #KEYS)))) do
        owners[first + i - 2] = owner or ''
    end
end
for i = 2, #KEYS do
    local claims = owners[i - 1] == '' and ARGV[i] ~= '' and redis.call('SET', KEYS[i], ARGV[i], 'NX')
    if claims then
        owners[i - 1] = ARGV[i]
    elseif owners[i - 1] == '' then -- free, or there after all, but no string
        owners[i - 1] = redis.call('EXISTS', KEYS[i]) == 0 and ''
    end
end
return owners
