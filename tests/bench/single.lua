-- wrk's script: one event a request, each with an id of its own, customers by chance.
-- Arguments: file of templates, number of customers, the number of this run, by which its ids differ from those of others,
-- and, unless it shall go as fast as it can, a file that says how many requests a second each thread may begin. The file is
-- looked at again and again.
-- Ends with one line of JSON.
local ffi = require('ffi')
ffi.cdef [[
typedef struct { long seconds, nanoseconds; } moment;
int clock_gettime(int clock, moment *now);
]]
local MONOTONIC = 1
local HEAD = 'POST /v1/events HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n'

local threads = 0
function setup(thread)
    thread:set('thread', threads)
    threads = threads + 1
end

local pieces, customers = {}, 0 -- of each request, what stands before, between and behind id, time, customer, customer
local prefix, count, second = '', 0, ''

-- The template and what is filled in are equally long, so that the length of a body is known.
local function cut(template)
    local request = HEAD:format(#template) .. template
    local parts, from = {}, 1
    for at, after in request:gmatch('()@[A-Z]+_+()') do
        parts[#parts + 1] = request:sub(from, at - 1)
        from = after
    end
    parts[#parts + 1] = request:sub(from)
    return parts
end

local function read_number(path)
    local file = io.open(path)
    local number = file:read('*n')
    file:close()
    return number
end

-- What could not begin in time is caught up with, but not for longer than the file stays unread.
local LOOK_MS = 50
local function pace(path)
    local now, due, looked, rate = ffi.new('moment'), 0, 0, 0
    function delay()
        ffi.C.clock_gettime(MONOTONIC, now)
        local ms = tonumber(now.seconds) * 1e3 + tonumber(now.nanoseconds) / 1e6
        if ms - looked > LOOK_MS then
            rate, looked = read_number(path), ms
        end
        due = math.max(due, ms - LOOK_MS) + 1e3 / rate
        return math.max(0, math.floor(due - ms + 0.5))
    end
end

function init(args)
    for line in io.lines(args[1]) do
        pieces[#pieces + 1] = cut(line)
    end
    customers = tonumber(args[2])
    math.randomseed(thread + 1)
    prefix = ('%03d%02d'):format(args[3], thread)
    if args[4] then
        pace(args[4])
    end
end

function request()
    if count % 500 == 0 then
        second = os.date('!%Y-%m-%dT%H:%M:%S')
    end
    count = count + 1
    local p = pieces[count % #pieces + 1]
    local customer = ('%08d'):format(math.random(0, customers - 1))
    local id, time = ('%s%07d'):format(prefix, count), ('%s.%03dZ'):format(second, count % 1000)
    return p[1] .. id .. p[2] .. time .. p[3] .. customer .. p[4] .. customer .. p[5]
end

function done(summary, latency)
    local failed = summary.errors
    local report = '{"requests": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, "refused": %d, "broken": %d}\n'
    io.write(report:format(summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
        latency:percentile(99) / 1e3, failed.status, failed.connect + failed.read + failed.write + failed.timeout))
end
