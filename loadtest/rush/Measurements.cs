using System.Collections.Concurrent;
using System.Diagnostics;

namespace ConcertDapr.Rush;

/// <summary>Latencies by step and outcomes by name, taken by many fans at once.</summary>
internal sealed class Measurements
{
    private readonly ConcurrentDictionary<string, ConcurrentBag<double>> _latencies = new();
    private readonly ConcurrentDictionary<string, int> _outcomes = new();

    /// <summary>Measures a step in milliseconds.</summary>
    public async Task<T> TimeAsync<T>(string step, Func<Task<T>> run)
    {
        var start = Stopwatch.GetTimestamp();
        var result = await run();
        _latencies.GetOrAdd(step, _ => []).Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        return result;
    }

    /// <summary>Counts an outcome.</summary>
    public void Count(string outcome) => _outcomes.AddOrUpdate(outcome, 1, (_, n) => n + 1);

    /// <summary>How often an outcome was counted.</summary>
    public int CountOf(string outcome) => _outcomes.GetValueOrDefault(outcome);

    /// <summary>Outcomes in order of name.</summary>
    public IReadOnlyList<(string Outcome, int Count)> Outcomes => [.. _outcomes.OrderBy(o => o.Key, StringComparer.Ordinal).Select(o => (o.Key, o.Value))];

    /// <summary>Count, p50, p95, p99 and maximum of each step, milliseconds.</summary>
    public IReadOnlyList<(string Step, int Count, double P50, double P95, double P99, double Max)> Steps =>
        [.. _latencies.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l =>
        {
            var sorted = l.Value.Order().ToList();
            double At(double share) => sorted[Math.Min(sorted.Count - 1, (int)Math.Ceiling(share * sorted.Count) - 1 < 0 ? 0 : (int)Math.Ceiling(share * sorted.Count) - 1)];
            return (l.Key, sorted.Count, At(0.5), At(0.95), At(0.99), sorted[^1]);
        })];
}
