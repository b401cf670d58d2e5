using Dapr;
using Dapr.DistributedLock;

namespace ConcertDapr.Reservation;

/// <summary>
/// The Dapr lock that keeps replicas from contending for a block. Only contention is at stake: without a lock component, or
/// when the wait for the lock ends, compare-and-set decides alone.
/// </summary>
internal sealed class BlockLock(DaprDistributedLockClient locks, HoldPolicy policy, TimeProvider clock, ILogger<BlockLock> log)
{
    private static readonly TimeSpan s_retryEvery = TimeSpan.FromMilliseconds(15);

    private bool _failed;

    /// <summary>Runs <paramref name="change"/> under the lock where it can be had.</summary>
    public async Task<T> RunAsync<T>(string resource, Func<Task<T>> change)
    {
        if (policy.LockStore is not { } store) return await change();
        var owner = Guid.NewGuid().ToString("N");
        if (!await TryLockAsync(store, resource, owner)) return await change();
        try
        {
            return await change();
        }
        finally
        {
            await UnlockAsync(store, resource, owner);
        }
    }

    private async Task<bool> TryLockAsync(string store, string resource, string owner)
    {
        var until = clock.GetUtcNow() + policy.LockWait;
        try
        {
            while (await locks.TryLockAsync(store, resource, owner, (int)policy.LockLease.TotalSeconds) is null)
            {
                if (clock.GetUtcNow() >= until) return false;
                await Task.Delay(s_retryEvery, clock);
            }
            _failed = false;
            return true;
        }
        catch (DaprException e)
        {
            // No lock component, or it is down. Said once; holds go on by compare-and-set.
            if (!_failed) log.LockUnavailable(e, store);
            _failed = true;
            return false;
        }
    }

    private async Task UnlockAsync(string store, string resource, string owner)
    {
        try
        {
            await locks.TryUnlockAsync(store, resource, owner);
        }
        catch (DaprException e)
        {
            // The lease ends it.
            log.LockUnavailable(e, store);
        }
    }
}
