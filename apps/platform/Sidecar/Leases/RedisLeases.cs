using System.Globalization;
using ConcertDapr.Sidecar.Redis;

namespace ConcertDapr.Sidecar.Leases;

/// <summary>
/// The lease table of an app's replicas: one hash, changed by one script only, so that all replicas see the same order.
/// <code>
/// {appId}||replicas||{namespace}||{what}||{database}    m:{id}      expiry (ms), its wish, the replica's text
///                                                       s:{shard}   id of its holder, a number that no earlier holder had
///                                                       fence       the last such number
/// </code>
/// It is in the last of Redis's usual sixteen databases, so that the store's own holds what daprd would keep there and nothing
/// else; a Redis with fewer has it there. Each beat renews the caller, drops who has expired or is known to be dead, and gives the
/// caller free shards up to its fair part. Time is the server's.
/// </summary>
internal static class RedisLeases
{
    /// <summary>The database of lease tables, where there are so many.</summary>
    public const int Database = 15;

    /// <summary>How a script begins that looks at a lease table. A script's SELECT ends with the script.</summary>
    public static readonly string SelectTables = string.Create(CultureInfo.InvariantCulture, $"redis.pcall('SELECT', {Database})\n");

    // ARGV: own id, own text, ms to live, number of shards, wish, released shards and struck ids (each with a comma after it).
    private static readonly RedisScript Script = new(SelectTables + """
        local me, shards, wish = ARGV[1], tonumber(ARGV[4]), ARGV[5]
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local released = {}
        for shard in string.gmatch(ARGV[6], '([^,]+),') do released[tonumber(shard)] = true end
        for id in string.gmatch(ARGV[7], '([^,]+),') do redis.call('HDEL', KEYS[1], 'm:' .. id) end
        if wish == 'Leave' then
          redis.call('HDEL', KEYS[1], 'm:' .. me)
        else
          redis.call('HSET', KEYS[1], 'm:' .. me, string.format('%.0f', now + ARGV[3]) .. ' ' .. wish .. ' ' .. ARGV[2])
        end
        local all, live, wanting, holders = redis.call('HGETALL', KEYS[1]), {}, 0, {}
        for i = 1, #all, 2 do
          local kind, name = string.sub(all[i], 1, 2), string.sub(all[i], 3)
          if kind == 'm:' then
            local expires, wishes = string.match(all[i + 1], '^(%d+) (%a+)')
            if tonumber(expires) <= now then
              redis.call('HDEL', KEYS[1], all[i])
            else
              live[name] = true
              if wishes == 'Take' then wanting = wanting + 1 end
            end
          elseif kind == 's:' then
            holders[tonumber(name)] = string.match(all[i + 1], '^(%S+)')
          end
        end
        local mine = 0
        for shard = 0, shards - 1 do
          local holder = holders[shard]
          if holder and (not live[holder] or (holder == me and released[shard])) then
            redis.call('HDEL', KEYS[1], 's:' .. shard)
            holders[shard] = nil
          elseif holder == me then
            mine = mine + 1
          end
        end
        if wish == 'Take' then
          local fair = math.ceil(shards / wanting)
          for shard = 0, shards - 1 do
            if not holders[shard] and mine < fair then
              redis.call('HSET', KEYS[1], 's:' .. shard, me .. ' ' .. redis.call('HINCRBY', KEYS[1], 'fence', 1))
              mine = mine + 1
            end
          end
        end
        return redis.call('HGETALL', KEYS[1])
        """);

    /// <summary>The field of a shard's holder.</summary>
    public static string FieldOf(int shard) => string.Create(CultureInfo.InvariantCulture, $"s:{shard}");

    /// <summary>The key of a table: stores in different databases are different stores.</summary>
    public static string KeyOf(string table, int database) => string.Create(CultureInfo.InvariantCulture, $"{table}||{database}");

    /// <summary>One beat.</summary>
    public static async Task<LeaseView> BeatAsync(RedisClient client, Beat beat, CancellationToken cancellationToken)
    {
        var reply = await Script.RunAsync(client, KeyOf(beat.Table, client.Options.Database),
        [
            beat.Self.Id, beat.Self.ToString(), (long)beat.TimeToLive.TotalMilliseconds, beat.Shards, beat.Wish.ToString(),
            string.Concat(beat.Released.Select(shard => string.Create(CultureInfo.InvariantCulture, $"{shard},"))),
            string.Concat(beat.Struck.Select(id => id + ",")),
        ], cancellationToken);
        return Read(reply.Items);
    }

    private static LeaseView Read(RespReply[] fields)
    {
        var (replicas, holders, wanting) = (new Dictionary<string, Replica>(StringComparer.Ordinal), new Dictionary<int, string>(), 0);
        for (var i = 0; i < fields.Length; i += 2)
        {
            var (name, text) = (fields[i].Text, fields[i + 1].Text);
            if (name.StartsWith("s:", StringComparison.Ordinal)) holders.Add(int.Parse(name.AsSpan(2), CultureInfo.InvariantCulture), text);
            if (!name.StartsWith("m:", StringComparison.Ordinal)) continue;
            var parts = text.Split(' ', 3);
            if (parts[1] == nameof(Wish.Take)) wanting++;
            replicas.Add(name[2..], Replica.Parse(name[2..], parts[2]));
        }
        return new(replicas, wanting, holders);
    }
}
