package hopper

import "github.com/redis/go-redis/v9"

// fillScript adds leads to both lanes, up to their bound, unless the window was dropped since the filler began.
//
// KEYS[1] tried lane, KEYS[2] fresh lane, KEYS[3] generation, KEYS[4], KEYS[5] leads taken lately
// ARGV[1] generation that the filler saw
// ARGV[2] bound of a lane
// ARGV[3] milliseconds until the lanes expire
// ARGV[4] number of tried leads among the pairs that follow
// ARGV[5…] score, lead; tried ones first, each lane in the order of offering
//
// Output: for the tried lane, then the fresh lane: leads added, leads in it now, leads left out for want of room;
// empty: dropped meanwhile, nothing was added
var fillScript = redis.NewScript(`
if redis.call("GET", KEYS[3]) ~= ARGV[1] then return {} end
local bound, out = tonumber(ARGV[2]), {}
local function fill(lane, from, to)
  local held, added = redis.call("ZCARD", lane), 0
  while held < bound and from < to do
    local pairs = {}
    while #pairs < 2 * (bound - held) and #pairs < 400 and from < to do
      local lead = ARGV[from + 1]
      if redis.call("HEXISTS", KEYS[4], lead) == 0 and redis.call("HEXISTS", KEYS[5], lead) == 0 then
        pairs[#pairs + 1], pairs[#pairs + 2] = ARGV[from], lead
      end
      from = from + 2
    end
    if #pairs > 0 then
      local n = redis.call("ZADD", lane, "NX", unpack(pairs))
      held, added = held + n, added + n
    end
  end
  redis.call("PEXPIRE", lane, ARGV[3])
  out[#out + 1], out[#out + 2], out[#out + 3] = added, held, (to - from) / 2
end
local middle = 5 + 2 * tonumber(ARGV[4])
fill(KEYS[1], 5, middle)
fill(KEYS[2], middle, #ARGV + 1)
return out`)

// takeScript takes leads out of the lanes: the reserved fresh ones, then tried ones, then fresh ones to make up the
// number.
//
// KEYS[1] tried lane, KEYS[2] fresh lane, KEYS[3] generation, KEYS[4] leads taken lately
// ARGV[1] how many at most
// ARGV[2] how many of them are reserved for fresh leads
// ARGV[3] milliseconds for which a taken lead is remembered
//
// Output: 1 if the window has been filled and was not lost since, else 0; leads left in the tried lane, left in the fresh
// lane, taken from the fresh lane; then the leads taken.
var takeScript = redis.NewScript(`
local n, out = tonumber(ARGV[1]), {redis.call("EXISTS", KEYS[3]), 0, 0, 0}
local function pop(lane, mark, most)
  most = math.min(most, n - (#out - 4))
  if most <= 0 then return end
  local got = redis.call("ZPOPMIN", lane, most)
  for i = 1, #got, 2 do
    out[#out + 1] = got[i]
    redis.call("HSET", KEYS[4], got[i], mark .. got[i + 1])
  end
  if mark == "f" then out[4] = out[4] + #got / 2 end
end
pop(KEYS[2], "f", tonumber(ARGV[2]))
pop(KEYS[1], "t", n)
pop(KEYS[2], "f", n)
if #out > 4 then redis.call("PEXPIRE", KEYS[4], ARGV[3]) end
out[2], out[3] = redis.call("ZCARD", KEYS[1]), redis.call("ZCARD", KEYS[2])
return out`)

// returnScript puts leads back in the place they were taken from. Leads taken too long ago are left to the next filling.
//
// KEYS[1] tried lane, KEYS[2] fresh lane, KEYS[3], KEYS[4] leads taken lately
// ARGV[1] bound of a lane
// ARGV[2] milliseconds until a lane that was empty expires
// ARGV[3…] leads
//
// Output: number of leads put back.
var returnScript = redis.NewScript(`
local back = 0
for i = 3, #ARGV do
  local was
  for k = 3, 4 do
    was = was or redis.call("HGET", KEYS[k], ARGV[i])
    redis.call("HDEL", KEYS[k], ARGV[i])
  end
  if was then
    local lane = string.sub(was, 1, 1) == "t" and KEYS[1] or KEYS[2]
    local held = redis.call("ZCARD", lane)
    if held < tonumber(ARGV[1]) then
      back = back + redis.call("ZADD", lane, "NX", string.sub(was, 2), ARGV[i])
      if held == 0 then redis.call("PEXPIRE", lane, ARGV[2]) end
    end
  end
end
return back`)

// markScript is what a filler must know before it reads the record.
//
// KEYS[1] tried lane, KEYS[2] fresh lane, KEYS[3] generation, KEYS[4], KEYS[5] leads taken lately
// ARGV[1] now in milliseconds: the generation of a window that has none, so that it never repeats one that was lost
// ARGV[2] milliseconds for which the generation is kept
//
// Output: generation, leads in the tried lane, in the fresh lane, taken lately; 1 if there was no generation, else 0.
var markScript = redis.NewScript(`
local new = redis.call("SET", KEYS[3], ARGV[1], "NX") and 1 or 0
redis.call("PEXPIRE", KEYS[3], ARGV[2])
return {tonumber(redis.call("GET", KEYS[3])), redis.call("ZCARD", KEYS[1]), redis.call("ZCARD", KEYS[2]),
  redis.call("HLEN", KEYS[4]) + redis.call("HLEN", KEYS[5]), new}`)

// dropScript empties the window and makes fillings under way miss.
//
// KEYS[1] tried lane, KEYS[2] fresh lane, KEYS[3] generation
// ARGV[1], ARGV[2] as in markScript
//
// Output: the new generation.
var dropScript = redis.NewScript(`
redis.call("DEL", KEYS[1], KEYS[2])
redis.call("SET", KEYS[3], ARGV[1], "NX")
redis.call("PEXPIRE", KEYS[3], ARGV[2])
return redis.call("INCR", KEYS[3])`)
