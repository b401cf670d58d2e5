using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using ConcertDapr.Sidecar.Leases;
using ConcertDapr.Sidecar.Redis;

namespace ConcertDapr.Sidecar.State;

/// <summary>
/// <c>state.redis</c>. Stored form, the same as daprd's: one hash per key with <c>data</c> (the value's bytes),
/// <c>version</c> (an integer, the etag, 1 after the first write) and, once written with first-write, the marker
/// <c>first-write</c>. A marked key refuses every later write that names no etag.
/// </summary>
internal sealed class RedisStateStore(RedisClient client, long? defaultTtlSeconds = null) : ISharedStore
{
    // ARGV: expected version ("0" for none), data, "1" to set the first-write marker, TTL in seconds ("" leaves it).
    private static readonly RedisScript Set = new("""
        local stored = redis.pcall('HGET', KEYS[1], 'version')
        if type(stored) == 'table' then
          redis.call('DEL', KEYS[1])
          stored = false
        end
        if stored and stored ~= '' and stored ~= ARGV[1] then
          if ARGV[1] ~= '0' or redis.call('HEXISTS', KEYS[1], 'first-write') == 1 then return 0 end
        end
        redis.call('HSET', KEYS[1], 'data', ARGV[2])
        if ARGV[3] == '1' then redis.call('HSET', KEYS[1], 'first-write', '0') end
        redis.call('HINCRBY', KEYS[1], 'version', 1)
        if ARGV[4] ~= '' then
          if tonumber(ARGV[4]) > 0 then redis.call('EXPIRE', KEYS[1], ARGV[4]) else redis.call('PERSIST', KEYS[1]) end
        end
        return 1
        """);

    // ARGV: expected version ("0" for none).
    private static readonly RedisScript Delete = new("""
        local stored = redis.pcall('HGET', KEYS[1], 'version')
        if stored and type(stored) ~= 'table' and stored ~= '' and stored ~= ARGV[1] and ARGV[1] ~= '0' then return 0 end
        redis.call('DEL', KEYS[1])
        return 1
        """);

    // KEYS: the lease table, then one key per operation. ARGV: field and holder of the lease, the store's database, then, first of all
    // and not always, "E", whether the key is to exist, the data expected of it; then per operation "S", expected version, data, TTL (as above), or
    // "D", expected version. It answers -1 when the lease has gone to another, -2 when the expectation is not met, else the number
    // of the first operation that was refused, 0 for none; the others are done, as between MULTI and EXEC.
    private static readonly RedisScript Fenced = new(RedisLeases.SelectTables + """
        if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return -1 end
        redis.call('SELECT', ARGV[3])
        local refused, first, at = 0, 2, 4
        if ARGV[4] == 'E' then
          local data = redis.call('HGET', KEYS[2], 'data')
          if ARGV[5] == '1' and data ~= ARGV[6] or ARGV[5] == '0' and data then return -2 end
          first, at = 3, 7
        end
        for i = first, #KEYS do
          local key, kind, expected = KEYS[i], ARGV[at], ARGV[at + 1]
          local stored = redis.pcall('HMGET', key, 'version', 'first-write')
          if stored.err then
            redis.call('DEL', key)
            stored = {false, false}
          end
          local version = stored[1]
          local differs = version and version ~= '' and version ~= expected
          if differs and (expected ~= '0' or (kind == 'S' and stored[2])) then
            if refused == 0 then refused = i - 1 end
          elseif kind == 'S' then
            redis.call('HSET', key, 'data', ARGV[at + 2])
            redis.call('HINCRBY', key, 'version', 1)
            local ttl = ARGV[at + 3]
            if ttl ~= '' then
              if tonumber(ttl) > 0 then redis.call('EXPIRE', key, ttl) else redis.call('PERSIST', key) end
            end
          else
            redis.call('DEL', key)
          end
          at = at + (kind == 'S' and 4 or 2)
        end
        return refused
        """);

    // Arguments of the fenced script before those of the operations.
    private const int FencePart = 3;

    public async ValueTask<StateItem?> GetAsync(string key, CancellationToken cancellationToken = default)
    {
        var reply = await client.ReadAsync(cancellationToken, "HMGET", key, "data", "version");
        return reply.IsError ? await GetPlainAsync(key, cancellationToken) : ToItem(key, reply);
    }

    public async ValueTask<IReadOnlyList<StateItem?>> GetManyAsync(
        IReadOnlyList<string> keys, CancellationToken cancellationToken = default)
    {
        if (keys.Count == 0) return [];
        var replies = await client.SendManyAsync(
            [.. keys.Select(key => new RedisArg[] { "HMGET", key, "data", "version" })], cancellationToken);
        var items = new StateItem?[keys.Count];
        for (var i = 0; i < items.Length; i++)
            items[i] = replies[i].IsError ? await GetPlainAsync(keys[i], cancellationToken) : ToItem(keys[i], replies[i]);
        return items;
    }

    public async ValueTask ExecuteAsync(StateOperation operation, CancellationToken cancellationToken = default)
    {
        var reply = operation switch
        {
            StateSet set => await Set.RunAsync(client, set.Key, SetArguments(set, markFirstWrite: true), cancellationToken),
            StateDelete delete => await Delete.RunAsync(client, delete.Key, [DeleteVersion(delete)], cancellationToken),
            _ => throw new ArgumentOutOfRangeException(nameof(operation)),
        };
        if (reply.Integer == 0) throw Refused(operation);
    }

    public async ValueTask TransactAsync(IReadOnlyList<StateOperation> operations, CancellationToken cancellationToken = default)
    {
        if (operations.Count == 0) return;
        var commands = operations.Select(operation => operation switch
        {
            StateSet set => Set.AsEval(set.Key, SetArguments(set, markFirstWrite: false)),
            StateDelete delete => Delete.AsEval(delete.Key, DeleteVersion(delete)),
            _ => throw new ArgumentOutOfRangeException(nameof(operations)),
        }).ToArray();
        var replies = await client.TransactAsync(commands, cancellationToken);
        for (var i = 0; i < replies.Length; i++)
            if (replies[i].Checked().Integer == 0) throw Refused(operations[i]);
    }

    public async ValueTask TransactAsync(
        IReadOnlyList<StateOperation> operations, Fence fence, CancellationToken cancellationToken = default)
    {
        if (operations.Count == 0) return;
        var keys = new RedisArg[operations.Count + 1];
        keys[0] = RedisLeases.KeyOf(fence.Table, client.Options.Database);
        var arguments = new List<RedisArg>(FencePart + (operations.Count * 4)) { fence.Field, fence.Holder, client.Options.Database };
        for (var i = 0; i < operations.Count; i++)
        {
            keys[i + 1] = operations[i].Key;
            AddArguments(arguments, operations[i]);
        }
        var answer = (await Fenced.RunAsync(client, keys, [.. arguments], cancellationToken)).Integer;
        if (answer == -1) throw new FencedException(fence);
        if (answer == -2) throw new UnexpectedStateException(operations[0].Key);
        if (answer > 0) throw Refused(operations[(int)answer - 1]);
    }

    public Task<LeaseView> BeatAsync(Beat beat, CancellationToken cancellationToken) => RedisLeases.BeatAsync(client, beat, cancellationToken);

    public async IAsyncEnumerable<string> ListKeysAsync(
        string prefix, string suffix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var pattern = EscapePattern(prefix) + "*" + EscapePattern(suffix);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var cursor = "0";
        do
        {
            var reply = (await client.ReadAsync(cancellationToken, "SCAN", cursor, "MATCH", pattern, "COUNT", 1000)).Checked();
            cursor = reply.Item(0).Text;
            foreach (var key in reply.Item(1).Items)
                if (seen.Add(key.Text)) yield return key.Text;
        }
        while (cursor != "0");
    }

    private static StateItem? ToItem(string key, RespReply reply)
    {
        var (data, version) = (reply.Item(0), reply.Item(1));
        if (data.IsNull && version.IsNull) return null;
        return data.IsNull || version.IsNull
            ? throw new StateStoreException($"the Redis hash '{key}' is no state item: it lacks data or version")
            : new StateItem(data.Bytes, version.Text);
    }

    private async Task<StateItem?> GetPlainAsync(string key, CancellationToken cancellationToken)
    {
        var reply = (await client.ReadAsync(cancellationToken, "GET", key)).Checked();
        return reply.IsNull ? null : new StateItem(reply.Bytes, null);
    }

    private RedisArg[] SetArguments(StateSet set, bool markFirstWrite)
    {
        var ttl = set.TtlSeconds ?? defaultTtlSeconds;
        return
        [
            ExpectedVersion(set),
            set.Data,
            markFirstWrite && set.Concurrency == StateConcurrency.FirstWrite ? "1" : "0",
            ttl?.ToString(CultureInfo.InvariantCulture) ?? "",
        ];
    }

    private void AddArguments(List<RedisArg> arguments, StateOperation operation)
    {
        switch (operation)
        {
            case StateExpect expected when arguments.Count == FencePart:
                arguments.AddRange(["E", expected.Data is null ? "0" : "1", expected.Data ?? ReadOnlyMemory<byte>.Empty]);
                break;
            case StateSet set:
                var ttl = set.TtlSeconds ?? defaultTtlSeconds;
                arguments.AddRange(["S", ExpectedVersion(set), set.Data, ttl?.ToString(CultureInfo.InvariantCulture) ?? ""]);
                break;
            case StateDelete delete: arguments.AddRange(["D", DeleteVersion(delete)]); break;
            default: throw new ArgumentOutOfRangeException(nameof(operation));
        }
    }

    private static string ExpectedVersion(StateSet set)
    {
        if (string.IsNullOrEmpty(set.ETag) || set.Concurrency == StateConcurrency.LastWrite) return "0";
        return long.TryParse(set.ETag, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var version)
            ? version.ToString(CultureInfo.InvariantCulture)
            : throw new InvalidETagException($"strconv.Atoi: parsing \"{set.ETag}\": invalid syntax");
    }

    private static string DeleteVersion(StateDelete delete) => string.IsNullOrEmpty(delete.ETag) ? "0" : delete.ETag;

    private static Exception Refused(StateOperation operation)
    {
        var text = $"failed to {(operation is StateSet ? "set" : "delete")} key {operation.Key}";
        return string.IsNullOrEmpty(operation.ETag)
            ? new StateStoreException($"{text}: ERR user_script: the key was written with first-write, later writes must name its etag")
            : new ETagMismatchException(RefusalOfDaprdsScript(operation));
    }

    /// <summary>Callers match on the whole text, so it is the one that Redis makes of daprd's own scripts.</summary>
    private static string RefusalOfDaprdsScript(StateOperation operation) => operation is StateSet
        ? $"ERR user_script:14: failed to set key {operation.Key} script: d908b9553add63a82e03589b5c6d01a7654ef0f2, on @user_script:14."
        : $"ERR user_script:6: failed to delete {operation.Key} script: 2446db0de2c963f100727b388f03ead01d18c265, on @user_script:6.";

    private static string EscapePattern(string text)
    {
        var pattern = new StringBuilder(text.Length + 1);
        foreach (var c in text)
        {
            if (c is '*' or '?' or '[' or ']' or '\\') pattern.Append('\\');
            pattern.Append(c);
        }
        return pattern.ToString();
    }
}
