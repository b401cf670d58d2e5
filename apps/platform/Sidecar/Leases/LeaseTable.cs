using System.Diagnostics;
using ConcertDapr.Sidecar.Redis;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar.Leases;

/// <summary>How often leases are renewed, and how long they outlive a replica that falls silent without being seen to die.</summary>
internal sealed record LeaseTimes(TimeSpan Beat, TimeSpan TimeToLive)
{
    public static readonly LeaseTimes Default = new(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(10));

    /// <summary>What a holder counts on: less than the store does.</summary>
    public TimeSpan Trusted => TimeToLive * 0.9;
}

/// <summary>A lease that is held here; disposing it ends it.</summary>
internal sealed class Lease : IDisposable
{
    private readonly CancellationTokenSource lost = new();

    public Lease(Fence fence) => (Fence, Lost) = (fence, lost.Token);

    public Fence Fence { get; }

    /// <summary>Cancelled when the lease is over, by giving it up or by silence.</summary>
    public CancellationToken Lost { get; }

    public void Dispose()
    {
        lost.Cancel();
        lost.Dispose();
    }
}

/// <summary>
/// What one app's replicas share out among themselves, seen from one of them. A lease counts here only as long as the
/// store was heard of in time; the leases of a replica whose process has died are taken over at the next beat, those of
/// one that is silent when their time is over. A lease is given up only after its work has ended. Leases live by real
/// time, whatever the sidecar's clock says.
/// </summary>
internal sealed class LeaseTable : IAsyncDisposable
{
    private readonly ISharedStore store;
    private readonly string table;
    private readonly int shards;
    private readonly Replica self;
    private readonly ILogger log;
    private readonly LeaseTimes times;
    private readonly Lock gate = new();
    private readonly Dictionary<int, Lease> held = [];
    private readonly HashSet<int> draining = [];
    private readonly HashSet<int> released = [];
    private readonly CancellationTokenSource stop = new();
    private readonly ITimer expiry;
    private Task beating = Task.CompletedTask;
    private Task giving = Task.CompletedTask;
    private volatile LeaseView view = LeaseView.Empty;
    private long trustedUntil;
    private int version;
    private bool silent;

    /// <param name="table">Key of the table.</param>
    /// <param name="shards">Into how many parts the work is shared out.</param>
    public LeaseTable(ISharedStore store, string table, int shards, Replica self, ILogger log, LeaseTimes? times = null)
    {
        (this.store, this.table, this.shards, this.self, this.log, this.times) = (store, table, shards, self, log, times ?? LeaseTimes.Default);
        expiry = TimeProvider.System.CreateTimer(_ => Expire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whether this replica takes part in the work; asked before each beat.</summary>
    public Func<CancellationToken, Task<bool>> Wants { get; set; } = static _ => Task.FromResult(true);

    /// <summary>Ends the work on these shards; returns those on which it has ended.</summary>
    public Func<IReadOnlyList<int>, Task<IReadOnlyList<int>>> Drain { get; set; } = static shards => Task.FromResult(shards);

    /// <summary>Called after each change of who takes part or who holds what; must not block or throw.</summary>
    public Action Changed { get; set; } = static () => { };

    /// <summary>Rises with each change.</summary>
    public int Version => Volatile.Read(ref version);

    /// <summary>Whether others take part.</summary>
    public bool HasOthers => view.Replicas.Count > 1;

    /// <summary>How many shards are held here.</summary>
    public int HeldCount
    {
        get
        {
            lock (gate) return held.Count;
        }
    }

    /// <summary>The lease of a shard if it is held here; null when it is not, or (for new work) when it is about to be given up.</summary>
    public Lease? Held(int shard, bool forNewWork = true)
    {
        lock (gate)
            return Stopwatch.GetTimestamp() < trustedUntil && !(forNewWork && draining.Contains(shard)) ? held.GetValueOrDefault(shard) : null;
    }

    /// <summary>The replica that holds a shard, as far as is known here; null when nobody does.</summary>
    public Replica? HolderOf(int shard) => view.HolderOf(shard);

    public bool IsSelf(Replica replica) => replica.Id == self.Id;

    /// <summary>Takes part; returns after the first beat, or without it when the store does not answer.</summary>
    public async Task StartAsync()
    {
        await BeatAsync();
        beating = Task.Run(RunAsync, CancellationToken.None);
    }

    /// <summary>Ends the work and gives everything up.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await beating;
        await giving;
        await GiveUpAsync(Mine());
        try
        {
            using var patience = new CancellationTokenSource(times.TimeToLive);
            await store.BeatAsync(Beat(Wish.Leave, []), patience.Token);
        }
        catch (Exception e) when (e is RedisConnectionException or RedisServerException or OperationCanceledException)
        {
            log.LeasesSilent(table, e.Message); // They end by themselves.
        }
        LoseAll();
        await expiry.DisposeAsync();
        stop.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(times.Beat);
        try
        {
            while (await timer.WaitForNextTickAsync(stop.Token)) await BeatAsync();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The sidecar stops.
        }
    }

    private async Task BeatAsync()
    {
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
            patience.CancelAfter(times.Trusted);
            var wish = await Wants(patience.Token) ? Wish.Take : Wish.Abstain;
            var began = Stopwatch.GetTimestamp();
            var beat = Beat(wish, []);
            var next = await store.BeatAsync(beat, patience.Token);
            string[] dead = [.. next.Replicas.Values.Where(replica => replica.Id != self.Id && replica.Process.IsDead).Select(replica => replica.Id)];
            if (dead.Length > 0) next = await store.BeatAsync(beat with { Struck = dead }, patience.Token);
            Take(next, beat.Released, began);
            Balance(next, wish);
            silent = false;
        }
        catch (Exception e) when (e is RedisConnectionException or RedisServerException or OperationCanceledException)
        {
            if (!silent && !stop.IsCancellationRequested) log.LeasesSilent(table, e.Message);
            silent = true;
        }
    }

    private Beat Beat(Wish wish, IReadOnlyCollection<string> struck)
    {
        lock (gate) return new(table, self, shards, times.TimeToLive, wish, [.. released], struck);
    }

    private void Take(LeaseView next, IReadOnlyCollection<int> sent, long began)
    {
        var over = new List<Lease>();
        bool changed;
        lock (gate)
        {
            changed = !next.Holders.OrderBy(pair => pair.Key).SequenceEqual(view.Holders.OrderBy(pair => pair.Key))
                || !next.Replicas.Keys.ToHashSet().SetEquals(view.Replicas.Keys);
            view = next;
            trustedUntil = began + (long)(times.Trusted.TotalSeconds * Stopwatch.Frequency);
            released.ExceptWith(sent);
            for (var shard = 0; shard < shards; shard++)
            {
                var fence = FenceOf(next, shard);
                if (held.GetValueOrDefault(shard)?.Fence == fence) continue;
                if (held.Remove(shard, out var lease)) over.Add(lease);
                if (fence is { } mine && !released.Contains(shard)) held[shard] = new Lease(mine);
            }
        }
        over.ForEach(lease => lease.Dispose());
        expiry.Change(times.Trusted, Timeout.InfiniteTimeSpan);
        if (changed) Announce();
    }

    private Fence? FenceOf(LeaseView next, int shard) =>
        next.HolderOf(shard)?.Id == self.Id ? new Fence(table, RedisLeases.FieldOf(shard), next.Holders[shard]) : null;

    /// <summary>Gives up what is more than a fair part, or everything where the replica abstains; the work ends beside the beats.</summary>
    private void Balance(LeaseView next, Wish wish)
    {
        if (!giving.IsCompleted) return;
        var fair = wish == Wish.Take ? (shards + next.Wanting - 1) / Math.Max(1, next.Wanting) : 0;
        var mine = Mine();
        // Where nobody else would take them they stay: an app that comes back finds its work where it was.
        if (mine.Count > fair && next.Wanting > 0) giving = GiveUpAsync([.. mine.Skip(fair)]);
    }

    private List<int> Mine()
    {
        lock (gate) return [.. held.Keys.Order()];
    }

    private async Task GiveUpAsync(List<int> surplus)
    {
        if (surplus.Count == 0) return;
        lock (gate) draining.UnionWith(surplus);
        var ended = await Drain(surplus);
        var over = new List<Lease>();
        lock (gate)
        {
            released.UnionWith(ended);
            draining.ExceptWith(surplus);
            foreach (var shard in ended)
                if (held.Remove(shard, out var lease)) over.Add(lease);
        }
        over.ForEach(lease => lease.Dispose());
    }

    private void Expire()
    {
        lock (gate)
            if (Stopwatch.GetTimestamp() < trustedUntil) return;
        LoseAll();
    }

    private void LoseAll()
    {
        Lease[] over;
        lock (gate)
        {
            over = [.. held.Values];
            held.Clear();
        }
        foreach (var lease in over) lease.Dispose();
        Announce();
    }

    private void Announce()
    {
        Interlocked.Increment(ref version);
        Changed();
    }
}
