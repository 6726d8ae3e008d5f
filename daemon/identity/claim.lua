#!lua
-- Looks identifiers up, and claims those that nobody has. KEYS: home, then one a identifier. ARGV: repair number, then
-- one a identifier: the customer that claims it when it is free, or '' to look only.
-- Answers, for each: whose it is now, '' when nobody's; false when its key holds something else.
-- include: ../redis/home.lua
local refused = home_refuses(ARGV[1])
if refused then
    return refused
end
local owners = {}
for i = 2, #KEYS do
    local owner = redis.pcall('GET', KEYS[i])
    if type(owner) == 'table' then
        owner = false
    elseif not owner then
        owner = ARGV[i]
        if owner ~= '' then
            redis.call('SET', KEYS[i], owner)
        end
    end
    owners[i - 1] = owner
end
return owners
