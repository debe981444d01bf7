-- POST /v1/projects, each with a name and an Idempotency-Key of its own: TOKEN is the bearer, or several that take turns, parted by commas; RUN
-- tells runs apart.
local tokens = {}
for token in os.getenv("TOKEN"):gmatch("[^,]+") do tokens[#tokens + 1] = "Bearer " .. token end
local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set("prefix", os.getenv("RUN") .. "-" .. threads .. "-")
end

local count = 0
local headers = {
    ["Accept"] = "application/json",
    ["Content-Type"] = "application/json",
}

function request()
    count = count + 1
    local name = prefix .. count
    headers["Idempotency-Key"] = name
    headers["Authorization"] = tokens[count % #tokens + 1]
    return wrk.format("POST", nil, headers, '{"name":"' .. name .. '","env":"dev"}')
end

function done(summary, latency)
    local errors = summary.errors
    print(string.format('{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "refused": %d, "broken": %d}',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
