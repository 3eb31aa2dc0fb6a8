-- Sends the prepared requests of a file one after the other, and prints the figures as JSON.
-- Arguments: the file; "again" to begin anew at its end or "once"; the mean pause in ms.

local requests = {}
local at = 0
local again = false
local pause = 0
local threads = {}
ended = "no"

function setup(thread)
  table.insert(threads, thread)
end

-- Somewhere between nothing and twice the mean, so that clients do not march in step.
local function wait()
  return math.random(0, 2 * pause)
end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  again = args[2] == "again"
  pause = tonumber(args[3])
  -- wrk asks for a pause whenever the function is there, so it is there only when it is wanted.
  if pause > 0 then delay = wait end
  while true do
    local length = file:read("*l")
    if not length then break end
    requests[#requests + 1] = file:read(tonumber(length))
  end
  file:close()
end

function request()
  at = at + 1
  if at > #requests then
    at = 1
    if not again then
      -- What was sent once is a duplicate afterwards, which costs less: no figure then.
      ended = "yes"
      wrk.thread:stop()
    end
  end
  return requests[at]
end

function done(summary, latency, _)
  local errors = summary.errors
  local exhausted = false
  for _, thread in ipairs(threads) do
    if thread:get("ended") == "yes" then exhausted = true end
  end
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.6f,"p50":%.4f,"p99":%.4f,"max":%.4f,' ..
    '"failed":%d,"broken":%d,"exhausted":%s}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, latency.max / 1e3, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, tostring(exhausted)))
end
