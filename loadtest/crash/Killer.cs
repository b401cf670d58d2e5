namespace ConcertDapr.Crash;

/// <summary>Kills sidecar or app or both, again and again, and starts them again. The seed decides who, where and when.</summary>
internal sealed class Killer(SystemUnderTest system, Random random)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);
    private readonly SortedDictionary<string, int> _byKind = new(StringComparer.Ordinal);

    public int Kills { get; private set; }

    public IReadOnlyDictionary<string, int> ByKind => _byKind;

    public async Task KillOnceAsync()
    {
        var victims = random.Next(10) switch { < 5 => new[] { system.Sidecar }, < 8 => [system.App], _ => [system.Sidecar, system.App] };
        // A quarter of the kills come while the last one's victims start again; the others once work goes on.
        if (random.Next(4) > 0)
            await WorkGoesOnAsync();
        var where = random.Next(5);
        if (where == 0)
            await AtAnyMomentAsync(victims);
        else
            await AtTrafficAsync(where < 4 && victims[0] == system.Sidecar ? system.ToRedis : system.ToSidecar, victims);
        Kills++;
        foreach (var victim in victims)
            victim.Start();
    }

    private async Task AtAnyMomentAsync(Victim[] victims)
    {
        await Task.Delay(TimeSpan.FromMicroseconds(random.Next(500_000)));
        await KillAsync(victims);
        Count(victims, "at any moment");
    }

    private async Task AtTrafficAsync(Relay relay, Victim[] victims)
    {
        var passing = (Passing)random.Next(4);
        var point = new KillPoint(random.Next(1, 60), passing, new Random(random.Next()), () => KillAsync(victims));
        relay.Arm(point);
        await Task.WhenAny(point.Done, Task.Delay(s_patience));
        relay.Arm(null);
        var isReached = !point.TryCancel();
        await (isReached ? point.Done : KillAsync(victims));
        Count(victims, !isReached ? "when nothing was to be done" : $"at {(relay == system.ToRedis ? "a write to Redis" : "a message of the worker")}, {passing}");
    }

    private static Task<long[]> KillAsync(Victim[] victims) => Task.WhenAll(victims.Select(victim => victim.KillAsync()));

    /// <summary>Waits until the app has done something since, but not for ever: the next kill may be what helps.</summary>
    private async Task WorkGoesOnAsync()
    {
        var (before, until) = (Length(), DateTime.UtcNow.AddSeconds(15));
        while (Length() == before && DateTime.UtcNow < until)
            await Task.Delay(20);
        await Task.Delay(random.Next(300));
    }

    private long Length() => File.Exists(system.LedgerPath) ? new FileInfo(system.LedgerPath).Length : 0;

    private void Count(Victim[] victims, string how)
    {
        var kind = $"{string.Join(" and ", victims.Select(victim => victim.Name))} {how}";
        _byKind[kind] = _byKind.GetValueOrDefault(kind) + 1;
    }
}
