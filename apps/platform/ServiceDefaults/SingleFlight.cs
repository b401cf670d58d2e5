using System.Collections.Concurrent;

namespace ConcertDapr.ServiceDefaults;

/// <summary>
/// Values kept for a while, loaded once however many ask at the same time. A load that fails or finds nothing is not kept:
/// the next to ask tries again.
/// </summary>
/// <param name="keepFor">How long a loaded value serves.</param>
/// <param name="clock">The clock.</param>
public sealed class SingleFlight<TKey, TValue>(TimeSpan keepFor, TimeProvider clock) where TKey : notnull where TValue : class
{
    private readonly ConcurrentDictionary<TKey, Entry> _entries = new();

    /// <summary>The value under a key, loaded where absent or stale; null where there is nothing.</summary>
    public async Task<TValue?> GetAsync(TKey key, Func<Task<TValue?>> load)
    {
        var now = clock.GetUtcNow();
        if (!_entries.TryGetValue(key, out var entry) || entry.Until <= now)
        {
            var fresh = new Entry(now + keepFor, new(load));
            entry = _entries.AddOrUpdate(key, fresh, (_, there) => there.Until <= now ? fresh : there);
        }
        TValue? value = null;
        try
        {
            return value = await entry.Value.Value;
        }
        finally
        {
            if (value is null) _entries.TryRemove(new(key, entry));
        }
    }

    /// <summary>Drops the keys that <paramref name="match"/>.</summary>
    public void Forget(Func<TKey, bool> match)
    {
        foreach (var key in _entries.Keys.Where(match)) _entries.TryRemove(key, out _);
    }

    private sealed record Entry(DateTimeOffset Until, Lazy<Task<TValue?>> Value);
}
