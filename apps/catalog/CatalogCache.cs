using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;

namespace ConcertDapr.Catalog;

/// <summary>How long an answer may be served without asking the database; changes announced meanwhile empty it at once.</summary>
internal sealed record CatalogCacheOptions(TimeSpan KeepFor);

/// <summary>A ready answer.</summary>
internal sealed record CachedAnswer(byte[] Body, string ETag);

/// <summary>Ready-made answers by key. Each is made once however many ask at the same time (single flight).</summary>
internal sealed class CatalogCache(CatalogCacheOptions options, TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, Entry> _entries = new();

    /// <summary>The answer under a key, made by <paramref name="load"/> where absent or stale; null where there is nothing.</summary>
    public async Task<CachedAnswer?> GetAsync<T>(string key, Func<Task<T?>> load) where T : class
    {
        var now = clock.GetUtcNow();
        if (!_entries.TryGetValue(key, out var entry) || entry.Until <= now)
        {
            var fresh = new Entry(now + options.KeepFor, new(() => MakeAsync(load)));
            entry = _entries.AddOrUpdate(key, fresh, (_, there) => there.Until <= now ? fresh : there);
        }
        try
        {
            return await entry.Answer.Value;
        }
        catch
        {
            _entries.TryRemove(new(key, entry));
            throw;
        }
    }

    /// <summary>Drops what a change of this concert may have touched: its own answers and every page.</summary>
    public void Forget(ConcertId concert)
    {
        foreach (var key in _entries.Keys.Where(k => Touches(k, concert))) _entries.TryRemove(key, out _);
    }

    private static bool Touches(string key, ConcertId concert) =>
        key.StartsWith("page/", StringComparison.Ordinal) || key == $"concert/{concert}" || key == $"dates/{concert}"
        || (key.StartsWith("layout/", StringComparison.Ordinal) && ShowId.TryParse(key["layout/".Length..], out var show) && show.Concert == concert);

    private static async Task<CachedAnswer?> MakeAsync<T>(Func<Task<T?>> load) where T : class
    {
        if (await load() is not { } value) return null;
        var body = JsonSerializer.SerializeToUtf8Bytes(value, ConcertJson.Options);
        return new CachedAnswer(body, $"\"{Convert.ToHexStringLower(SHA256.HashData(body).AsSpan(0, 12))}\"");
    }

    private sealed record Entry(DateTimeOffset Until, Lazy<Task<CachedAnswer?>> Answer);
}
