using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using ConcertDapr.Sidecar.Redis;

namespace ConcertDapr.Sidecar.State;

/// <summary>
/// <c>state.redis</c>. Stored form, the same as daprd's: one hash per key with <c>data</c> (the value's bytes),
/// <c>version</c> (an integer, the etag, 1 after the first write) and, once written with first-write, the marker
/// <c>first-write</c>. A marked key refuses every later write that names no etag.
/// </summary>
internal sealed class RedisStateStore(RedisClient client, long? defaultTtlSeconds = null) : IStateStore
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

    public async IAsyncEnumerable<string> ListKeysAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var pattern = EscapePattern(prefix) + "*";
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var cursor = "0";
        do
        {
            var reply = (await client.ReadAsync(cancellationToken, "SCAN", cursor, "MATCH", pattern, "COUNT", 1000)).Checked();
            cursor = reply.Items[0].Text;
            foreach (var key in reply.Items[1].Items)
                if (seen.Add(key.Text)) yield return key.Text;
        }
        while (cursor != "0");
    }

    private static StateItem? ToItem(string key, RespReply reply)
    {
        var (data, version) = (reply.Items[0], reply.Items[1]);
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

    private static string EscapePattern(string prefix)
    {
        var pattern = new StringBuilder(prefix.Length + 1);
        foreach (var c in prefix)
        {
            if (c is '*' or '?' or '[' or ']' or '\\') pattern.Append('\\');
            pattern.Append(c);
        }
        return pattern.ToString();
    }
}
