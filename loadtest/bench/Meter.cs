using System.Diagnostics;

namespace ConcertDapr.Bench;

/// <summary>
/// How often something was done per second, how long it took one caller in milliseconds, and the processor time that this process
/// (callers, sidecars, apps; not Redis) spent on each, in microseconds.
/// </summary>
internal sealed record Rate(double PerSecond, double P50, double P99, double Processor)
{
    /// <summary>The middle of two measurements.</summary>
    public static Rate Mean(Rate a, Rate b) => new((a.PerSecond + b.PerSecond) / 2, (a.P50 + b.P50) / 2, (a.P99 + b.P99) / 2,
        (a.Processor + b.Processor) / 2);
}

/// <summary>Callers that do the same thing again and again for a while.</summary>
internal static class Meter
{
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(2);

    /// <summary>Runs <paramref name="callers"/> loops at once, two seconds to warm up and then the time measured.</summary>
    /// <param name="callers">How many at once.</param>
    /// <param name="seconds">The time measured.</param>
    /// <param name="call">One call of a caller (from 0). A fault ends the measurement.</param>
    public static async Task<Rate> RunAsync(int callers, double seconds, Func<int, Task> call)
    {
        var from = Stopwatch.GetTimestamp() + Ticks(s_warmUp.TotalSeconds);
        var until = from + Ticks(seconds);
        var loops = Enumerable.Range(0, callers).Select(caller => Task.Run(() => LoopAsync(caller, from, until, call))).ToList();
        await Task.Delay(s_warmUp);
        var before = Environment.CpuUsage.TotalTime;
        var latencies = await Task.WhenAll(loops);
        var spent = Environment.CpuUsage.TotalTime - before;
        var sorted = latencies.SelectMany(l => l).Order().ToList();
        if (sorted.Count == 0) throw new InvalidOperationException("no call ended within the time measured");
        return new(sorted.Count / seconds, At(sorted, 0.5), At(sorted, 0.99), spent.TotalMicroseconds / sorted.Count);
    }

    /// <summary>The value that a share of sorted values does not exceed.</summary>
    public static double At(List<double> sorted, double share) =>
        sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)];

    private static async Task<List<double>> LoopAsync(int caller, long from, long until, Func<int, Task> call)
    {
        var latencies = new List<double>();
        while (true)
        {
            var start = Stopwatch.GetTimestamp();
            if (start >= until) return latencies;
            await call(caller);
            var end = Stopwatch.GetTimestamp();
            if (end >= from && end < until) latencies.Add(Stopwatch.GetElapsedTime(start, end).TotalMilliseconds);
        }
    }

    private static long Ticks(double seconds) => (long)(seconds * Stopwatch.Frequency);
}
