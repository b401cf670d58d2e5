using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace ConcertDapr.Crash;

/// <summary>Callers of actors that are never at a loss for a number, and what the actors must have kept in the end.</summary>
internal sealed class Tills(int callerPort) : IDisposable
{
    private const int Count = 32;
    private const int Callers = 8;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(10);
    private readonly HttpClient _http = new() { BaseAddress = new Uri($"http://127.0.0.1:{callerPort}"), Timeout = TimeSpan.FromSeconds(30) };
    private readonly ConcurrentBag<(string Till, int Number)> _kept = [];
    private readonly ConcurrentBag<(string Till, int Number)> _unknown = [];
    private readonly ConcurrentDictionary<string, long> _answeredAt = new();
    private int _last;

    public int Kept => _kept.Count;

    public int Unknown => _unknown.Count;

    private static string Name(int n) => string.Create(CultureInfo.InvariantCulture, $"till-{n}");

    /// <summary>Calls all tills in turn until told to stop.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
    {
        for (var n = caller; !stop.IsCancellationRequested; n += Callers)
        {
            await CallAsync(Name(n % Count));
            await Task.Delay(s_pause, CancellationToken.None);
        }
    }, CancellationToken.None)));

    /// <summary>Completes when every till has answered a call that was made after <paramref name="moment"/>.</summary>
    public async Task AllAnswerAsync(long moment, CancellationToken patience)
    {
        while (Enumerable.Range(0, Count).Any(n => _answeredAt.GetValueOrDefault(Name(n)) < moment))
            await Task.Delay(5, patience);
    }

    /// <summary>What was acknowledged is there once; what broke off is there once at most; nothing else is there.</summary>
    public async Task<IReadOnlyList<string>> CheckAsync(ReplicasUnderTest system)
    {
        var faults = new List<string>();
        var (kept, unknown) = (_kept.ToLookup(call => call.Till, call => call.Number), _unknown.ToLookup(call => call.Till, call => call.Number));
        for (var n = 0; n < Count; n++)
        {
            var till = Name(n);
            var numbers = await system.NumbersAsync(till) is { } json ? JsonSerializer.Deserialize<int[]>(json)! : [];
            faults.AddRange(numbers.GroupBy(number => number).Where(group => group.Count() > 1).Select(group => $"{till}: {group.Key} is there {group.Count()} times"));
            faults.AddRange(kept[till].Except(numbers).Select(number => $"{till}: {number} was acknowledged and is lost"));
            faults.AddRange(numbers.Except(kept[till]).Except(unknown[till]).Select(number => $"{till}: {number} came from nowhere"));
        }
        return faults;
    }

    public void Dispose() => _http.Dispose();

    private async Task CallAsync(string till)
    {
        var (number, began) = (Interlocked.Increment(ref _last), Stopwatch.GetTimestamp());
        try
        {
            using var content = JsonContent(number);
            using var answer = await _http.PutAsync(new Uri($"/v1.0/actors/{TillActor.Type}/{till}/method/Add", UriKind.Relative), content);
            if (answer.IsSuccessStatusCode)
            {
                _kept.Add((till, number));
                _answeredAt.AddOrUpdate(till, began, (_, before) => Math.Max(before, began));
                return;
            }
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            // Its number may be there or not.
        }
        _unknown.Add((till, number));
    }

    private static StringContent JsonContent(int number) =>
        new(number.ToString(CultureInfo.InvariantCulture), System.Text.Encoding.UTF8, "application/json");
}
