-- POST /v1/instances, each with a name of its own: TOKEN is the bearer, RUN tells runs apart, PROJECT and CONNECTION say where.
local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set("prefix", "i-" .. os.getenv("RUN") .. "-" .. threads .. "-")
end

local count = 0
local headers = {
    ["Authorization"] = "Bearer " .. os.getenv("TOKEN"),
    ["Accept"] = "application/json",
    ["Content-Type"] = "application/json",
}
local rest = '","project_id":"' .. os.getenv("PROJECT") .. '","provider":"' .. os.getenv("CONNECTION") .. '","labels":{"team":"core"},"spec":{"size":"n-1"}}'

function request()
    count = count + 1
    headers["Idempotency-Key"] = prefix .. count
    return wrk.format("POST", "/v1/instances", headers, '{"name":"' .. prefix .. count .. rest)
end

function done(summary, latency)
    local errors = summary.errors
    print(string.format('{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "refused": %d, "broken": %d}',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
