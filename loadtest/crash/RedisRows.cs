using ConcertDapr.Sidecar.Leases;
using ConcertDapr.Sidecar.Redis;

namespace ConcertDapr.Crash;

/// <summary>A look into a run's Redis, past the sidecars.</summary>
internal sealed class RedisRows(int port) : IAsyncDisposable
{
    private readonly RedisClient _client = new(new RedisOptions { Host = "127.0.0.1", Port = port });
    private readonly RedisClient _tables = new(new RedisOptions { Host = "127.0.0.1", Port = port, Database = RedisLeases.Database });

    /// <summary>All rows of all workflow instances of an app: by instance, then by the last part of the key.</summary>
    public async Task<Dictionary<string, Dictionary<string, byte[]>>> RowsAsync(string appId)
    {
        var prefix = $"{appId}||dapr.internal.default.{appId}.workflow||";
        var rows = new Dictionary<string, Dictionary<string, byte[]>>(StringComparer.Ordinal);
        foreach (var key in (await _client.SendAsync(default, "KEYS", prefix + "*")).Checked().Items.Select(item => item.Text))
        {
            var parts = key[prefix.Length..].Split("||");
            if (await DataAsync(key) is not { } data)
                continue; // Deleted since, by a workflow that has not ended.
            if (!rows.TryGetValue(parts[0], out var ofInstance))
                rows.Add(parts[0], ofInstance = []);
            ofInstance.Add(parts[1], data);
        }
        return rows;
    }

    /// <summary>The value of a state item; null where there is none.</summary>
    public async Task<byte[]?> DataAsync(string key) =>
        (await _client.SendAsync(default, "HGET", key, "data")).Checked() is { IsNull: false } data ? data.Bytes : null;

    /// <summary>The fields of a lease table.</summary>
    public async Task<Dictionary<string, string>> LeasesAsync(string table) =>
        (await _tables.SendAsync(default, "HGETALL", RedisLeases.KeyOf(table, 0))).Checked().Items
        .Chunk(2).ToDictionary(pair => pair[0].Text, pair => pair[1].Text, StringComparer.Ordinal);

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _tables.DisposeAsync();
    }
}
