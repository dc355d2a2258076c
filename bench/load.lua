-- wrk -s load.lua URL -- FILE: sends the lines of FILE in turn, again and again, and prints figures as one line of JSON.
-- A line that begins with a slash is a path to get; any other is a body to post to the URL.
local requests, last = {}, 0

function init(words)
  local json = { ["Content-Type"] = "application/json" }
  for line in io.lines(words[1]) do
    requests[#requests + 1] = line:sub(1, 1) == "/" and wrk.format("GET", line) or wrk.format("POST", nil, json, line)
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'FIGURES {"requests":%d,"duration_us":%d,"bytes":%d,"p50_us":%.1f,"p99_us":%.1f,"most_us":%.1f,"failed":%d}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99), latency.max,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
