using System.Diagnostics;
using ConcertDapr.Wire.Workflows;

namespace ConcertDapr.Crash;

/// <summary>What came of a run.</summary>
/// <param name="Seconds">From each kill until every actor had answered again, sorted.</param>
internal sealed record TakeOverVerdict(IReadOnlyList<double> Seconds, int Turns, int Unknown, int Workflows, IReadOnlyList<string> Faults);

/// <summary>Kills one of two replicas, again and again, while actors are called and workflows run; then compares the books.</summary>
internal sealed class TakeOverRun(CrashOptions options, string folder, Action<string> say)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);
    private readonly Random _random = new(options.Seed);
    private readonly List<Plan> _plans = [];
    private readonly Dictionary<int, long> _killedAt = [];
    private volatile bool _isEnding;

    public async Task<TakeOverVerdict> RunAsync()
    {
        await using var system = await ReplicasUnderTest.StartAsync(folder);
        using var hub = new Hub([.. system.Replicas.Select(replica => replica.GrpcPort)]);
        using var tills = new Tills(system.CallerPort);
        using var stop = new CancellationTokenSource();
        var calling = tills.RunAsync(stop.Token);
        var following = Enumerable.Range(0, options.Running / 4).Select(_ => FollowAsync(hub)).ToList();
        var seconds = new List<double>();
        while (seconds.Count < options.Kills && !following.Any(task => task.IsFaulted))
        {
            seconds.Add(await TakeOverAsync(system, tills));
            if (seconds.Count % 10 == 0)
                say($"{seconds.Count} take-overs, the last in {seconds[^1]:0.00} s; {tills.Kept} turns");
        }
        _isEnding = true;
        await Task.WhenAll(following).WaitAsync(s_patience);
        await stop.CancelAsync();
        await calling;
        var faults = new List<string>(await tills.CheckAsync(system));
        faults.AddRange(Turns.Check(system.Ledgers.SelectMany(Ledger.TurnLines), _killedAt));
        faults.AddRange(Books.Check(_plans, await RemainsAsync(system, hub), [.. system.Ledgers.SelectMany(Ledger.Effects)]));
        if (options.Within is { } limit)
            faults.AddRange(seconds.Where(took => took > limit).Select(took => $"a take-over lasted {took:0.00} s"));
        return new([.. seconds.Order()], tills.Kept, tills.Unknown, _plans.Count, faults);
    }

    private async Task<double> TakeOverAsync(ReplicasUnderTest system, Tills tills)
    {
        var victim = system.Replicas[_random.Next(2)];
        await Task.Delay(_random.Next(300));
        var pid = victim.AppPid ?? throw new InvalidOperationException("the app ended by itself");
        var moment = _killedAt[pid] = await victim.KillAsync();
        using var patience = new CancellationTokenSource(s_patience);
        await tills.AllAnswerAsync(moment, patience.Token);
        var took = Stopwatch.GetElapsedTime(moment).TotalSeconds;
        victim.Start();
        await system.BothHostAsync();
        return took;
    }

    /// <summary>One workflow after the other, wherever the engine is.</summary>
    private async Task FollowAsync(Hub hub)
    {
        while (!_isEnding)
        {
            Plan plan;
            Random random;
            lock (_plans)
            {
                // Without those that count their attempts: each app has only its own count.
                plan = new Plan(_plans.Count % 6 + (_plans.Count / 6 * 8), _random);
                _plans.Add(plan);
                random = new Random(_random.Next());
            }
            await new Client(hub, plan, random).RunAsync();
        }
    }

    private static async Task<Dictionary<string, Remains>> RemainsAsync(ReplicasUnderTest system, Hub hub)
    {
        var remains = new Dictionary<string, Remains>(StringComparer.Ordinal);
        foreach (var (id, rows) in await system.RowsAsync())
            remains.Add(id, new Remains(id, rows.ContainsKey("metadata") ? await hub.HistoryAsync(id) : [], rows));
        return remains;
    }
}
