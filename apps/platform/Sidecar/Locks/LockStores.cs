using ConcertDapr.Sidecar.Components;
using ConcertDapr.Sidecar.Redis;

namespace ConcertDapr.Sidecar.Locks;

/// <summary>A configured lock component.</summary>
internal sealed record LockComponent(ComponentSpec Spec, ILockStore Store, KeyPrefix Prefix);

/// <summary><c>lock.redis</c>: one string per lock, its value the owner, its expiry the lease.</summary>
internal sealed class RedisLockStore(RedisClient client) : ILockStore
{
    private static readonly RedisScript Unlock = new("""
        local owner = redis.call('GET', KEYS[1])
        if not owner then return 1 end
        if owner ~= ARGV[1] then return 2 end
        redis.call('DEL', KEYS[1])
        return 0
        """);

    public async Task<bool> TryLockAsync(string key, string owner, TimeSpan lease, CancellationToken cancellationToken)
    {
        var reply = await client.SendAsync(cancellationToken, "SET", key, owner, "NX", "EX", (long)lease.TotalSeconds);
        return !reply.Checked().IsNull;
    }

    public async Task<UnlockStatus> UnlockAsync(string key, string owner, CancellationToken cancellationToken) =>
        (UnlockStatus)(await Unlock.RunAsync(client, key, [owner], cancellationToken)).Integer;
}

/// <summary><c>lock.in-memory</c>: for tests without Redis; shared by nobody outside this process.</summary>
internal sealed class MemoryLockStore(TimeProvider clock) : ILockStore
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, (string Owner, DateTimeOffset Until)> leases = new(StringComparer.Ordinal);
    private DateTimeOffset nextSweep = DateTimeOffset.MinValue;

    public Task<bool> TryLockAsync(string key, string owner, TimeSpan lease, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (Holder(key) is not null) return Task.FromResult(false);
            leases[key] = (owner, clock.GetUtcNow() + lease);
            Sweep();
            return Task.FromResult(true);
        }
    }

    public Task<UnlockStatus> UnlockAsync(string key, string owner, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (Holder(key) is not { } holder) return Task.FromResult(UnlockStatus.LockDoesNotExist);
            if (holder != owner) return Task.FromResult(UnlockStatus.LockBelongsToOthers);
            leases.Remove(key);
            return Task.FromResult(UnlockStatus.Success);
        }
    }

    /// <summary>Drops leases that ran out now and then, so that keys nobody asks for again do not pile up.</summary>
    private void Sweep()
    {
        var now = clock.GetUtcNow();
        if (now < nextSweep) return;
        nextSweep = now.AddSeconds(10);
        foreach (var (key, lease) in leases)
            if (lease.Until <= now) leases.Remove(key);
    }

    private string? Holder(string key) =>
        leases.TryGetValue(key, out var lease) && lease.Until > clock.GetUtcNow() ? lease.Owner : null;
}
