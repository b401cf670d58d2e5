namespace ConcertDapr.Tests;

/// <summary>Waits for conditions that come true by themselves.</summary>
internal static class Eventually
{
    public static Task BecomesAsync(Func<bool> condition) => BecomesAsync(() => Task.FromResult(condition()));

    /// <summary>Asks again and again; fails after half a minute.</summary>
    public static async Task BecomesAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition()) await Task.Delay(10, patience.Token);
    }
}
