using Dapr;
using Dapr.Client;

namespace ConcertDapr.ServiceDefaults;

/// <summary>Create-if-absent on a Dapr state store, which official stores only offer with a twist.</summary>
public static class StateCreation
{
    private static readonly StateOptions s_firstWrite = new() { Concurrency = ConcurrencyMode.FirstWrite };

    /// <summary>
    /// Stores <paramref name="value"/> under a key that must not exist; false where somebody was faster. Redis reports the
    /// loser's failure as a plain fault, so this looks before believing it. Every later write must carry an ETag.
    /// </summary>
    public static async Task<bool> TryCreateStateAsync<T>(this DaprClient dapr, string store, string key, T value)
    {
        try
        {
            return await dapr.TrySaveStateAsync(store, key, value, "", s_firstWrite);
        }
        catch (DaprException)
        {
            var (_, etag) = await dapr.GetStateAndETagAsync<T?>(store, key);
            if (string.IsNullOrEmpty(etag)) throw;
            return false;
        }
    }
}
