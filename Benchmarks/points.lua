-- POST /streams/ingest in batches of 1,000 points: TOKEN is key:stream pairs parted by commas, which take turns; RUN
-- tells runs apart, which begin at different hours of a year.
local pairs_of = {}
for key, stream in os.getenv("TOKEN"):gmatch("([^:,]+):([^,]+)") do pairs_of[#pairs_of + 1] = { key, stream } end

local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set("offset", tonumber(os.getenv("RUN"):sub(1, 6), 16) % 8064 + threads * 7919)
end

local count = 0
local fragments = {}
for number = 0, 999 do
    fragments[number + 1] = string.format('","metric_name":"metric_%d","metric_value":%d.%d,"custom_dimensions":{"region":"region-%d","team":"team-%d"}}',
        number % 20, number, number % 10, number % 5, math.floor(number / 5) % 10)
end

function request()
    count = count + 1
    local pair = pairs_of[count % #pairs_of + 1]
    local day, hour = math.floor((count + offset) / 24) % 28 + 1, (count + offset) % 24
    local time = string.format('{"timestamp":"2022-%02d-%02d %02d:00:00', math.floor((count + offset) / 672) % 12 + 1, day, hour)
    local body = '{"data_stream_token":"' .. pair[2] .. '","metric_agg_func":"Sum","data":[' .. time .. table.concat(fragments, "," .. time) .. "]}"
    return wrk.format("POST", "/streams/ingest", { ["x-api-key"] = pair[1], ["content-type"] = "application/json" }, body)
end

function done(summary, latency)
    local errors = summary.errors
    print(string.format('{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "refused": %d, "broken": %d}',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
