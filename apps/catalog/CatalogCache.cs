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
    private readonly SingleFlight<string, CachedAnswer> _answers = new(options.KeepFor, clock);

    /// <summary>The answer under a key, made by <paramref name="load"/> where absent or stale; null where there is nothing.</summary>
    public Task<CachedAnswer?> GetAsync<T>(string key, Func<Task<T?>> load) where T : class => _answers.GetAsync(key, () => MakeAsync(load));

    /// <summary>Drops what a change of this concert may have touched: its own answers and every page.</summary>
    public void Forget(ConcertId concert) => _answers.Forget(key => Touches(key, concert));

    private static bool Touches(string key, ConcertId concert) =>
        key.StartsWith("page/", StringComparison.Ordinal) || key == $"concert/{concert}" || key == $"dates/{concert}"
        || (key.StartsWith("layout/", StringComparison.Ordinal) && ShowId.TryParse(key["layout/".Length..], out var show) && show.Concert == concert);

    private static async Task<CachedAnswer?> MakeAsync<T>(Func<Task<T?>> load) where T : class
    {
        if (await load() is not { } value) return null;
        var body = JsonSerializer.SerializeToUtf8Bytes(value, ConcertJson.Options);
        return new CachedAnswer(body, $"\"{Convert.ToHexStringLower(SHA256.HashData(body).AsSpan(0, 12))}\"");
    }
}
