using ConcertDapr.Wire.Workflows;

namespace ConcertDapr.Crash;

/// <summary>What came of a run.</summary>
internal sealed record Verdict(int Kills, IReadOnlyDictionary<string, int> ByKind, int Workflows, int Instances, int Effects, int Repeated,
    int Reminders, IReadOnlyList<string> Faults);

/// <summary>Workflows and reminders without end while sidecar and app are killed; then everything comes to its end and is checked.</summary>
internal sealed class CrashRun(CrashOptions options, string folder, Action<string> say)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);
    private readonly Random _random = new(options.Seed);
    private readonly List<Plan> _plans = [];
    private readonly List<string> _faults = [];
    private volatile bool _isEnding;

    public async Task<Verdict> RunAsync()
    {
        await using var system = await SystemUnderTest.StartAsync(folder);
        using var hub = new Hub(system.GrpcPort);
        var killer = new Killer(system, new Random(_random.Next()));
        using var reminders = new Reminders(system.HttpPort, system.LedgerPath, () => killer.Kills);
        var running = Enumerable.Range(0, options.Running).Select(_ => FollowAsync(hub)).Append(RemindAsync(reminders)).ToList();
        for (var next = 25; killer.Kills < options.Kills && !running.Any(task => task.IsFaulted);)
        {
            await killer.KillOnceAsync();
            if (killer.Kills < next)
                continue;
            next += 25;
            say($"{killer.Kills} kills, {Planned()} workflows");
        }
        _isEnding = true;
        await EndAsync(running);
        var remains = await RemainsAsync(system, hub);
        var ledger = Ledger.Effects(system.LedgerPath).ToList();
        lock (_plans)
            _faults.AddRange([.. Books.Check(_plans, remains, ledger), .. reminders.Faults]);
        return new Verdict(killer.Kills, killer.ByKind, Planned(), remains.Count, ledger.Count, ledger.Count - ledger.Distinct().Count(),
            reminders.Count, _faults);
    }

    /// <summary>One workflow after the other.</summary>
    private async Task FollowAsync(Hub hub)
    {
        while (!_isEnding)
        {
            var (plan, random) = Next();
            await new Client(hub, plan, random).RunAsync();
        }
    }

    private (Plan Plan, Random Random) Next()
    {
        lock (_plans)
        {
            var plan = new Plan(_plans.Count, _random);
            _plans.Add(plan);
            return (plan, new Random(_random.Next()));
        }
    }

    private async Task RemindAsync(Reminders reminders)
    {
        for (var number = 0; !_isEnding; number += 4)
            await Task.WhenAll(Enumerable.Range(number, 4).Select(reminders.RunAsync));
    }

    /// <summary>Nobody is killed any more: whatever does not end now has been lost.</summary>
    private async Task EndAsync(List<Task> running)
    {
        var all = Task.WhenAll(running);
        if (await Task.WhenAny(all, Task.Delay(s_patience)) != all)
            _faults.Add($"{running.Count(task => !task.IsCompleted)} of {running.Count} clients still wait {s_patience.TotalSeconds} s after the last kill");
        _faults.AddRange(running.Where(task => task.IsFaulted).Select(task => task.Exception!.InnerException!.Message));
    }

    private static async Task<Dictionary<string, Remains>> RemainsAsync(SystemUnderTest system, Hub hub)
    {
        // Children of terminated parents end a little later than they.
        var until = DateTime.UtcNow + s_patience;
        foreach (var id in (await system.RowsAsync()).Keys)
            while (DateTime.UtcNow < until && await hub.GetAsync(id) is { WorkflowStatus: OrchestrationStatus.Running or OrchestrationStatus.Pending })
                await Task.Delay(50);
        var remains = new Dictionary<string, Remains>(StringComparer.Ordinal);
        foreach (var (id, rows) in await system.RowsAsync())
            remains.Add(id, new Remains(id, rows.ContainsKey("metadata") ? await hub.HistoryAsync(id) : [], rows));
        return remains;
    }

    private int Planned()
    {
        lock (_plans)
            return _plans.Count;
    }
}
