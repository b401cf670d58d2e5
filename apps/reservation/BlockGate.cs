using System.Collections.Concurrent;
using ConcertDapr.Contracts;
using Dapr;
using Dapr.DistributedLock;

namespace ConcertDapr.Reservation;

/// <summary>
/// Keeps contenders for a block apart: one per replica by a gate, one among replicas by the Dapr lock. Only contention is at
/// stake: without the lock, or when its wait ends, compare-and-set decides alone.
/// </summary>
internal sealed class BlockGate(DaprDistributedLockClient locks, HoldPolicy policy, TimeProvider clock, ILogger<BlockGate> log)
{
    private static readonly TimeSpan s_retryEvery = TimeSpan.FromMilliseconds(15);

    private readonly ConcurrentDictionary<(ShowId, int), SemaphoreSlim> _gates = new();

    private bool _lockFailed;

    /// <summary>Waits for this replica's turn at a block; dispose to let the next one in.</summary>
    public async Task<IDisposable> EnterAsync(ShowId show, int block, CancellationToken cancellationToken = default)
    {
        var gate = _gates.GetOrAdd((show, block), _ => new SemaphoreSlim(1, 1));
        await gate.WaitAsync(cancellationToken);
        return new Turn(gate);
    }

    /// <summary>Runs <paramref name="change"/> under the lock where there is one.</summary>
    public async Task<T> LockedAsync<T>(ShowId show, int block, Func<Task<T>> change)
    {
        await using var held = await TryLockAsync($"reserve/{show}/{block}");
        return await change();
    }

    private async Task<IAsyncDisposable?> TryLockAsync(string resource)
    {
        if (policy.LockStore is not { } store) return null;
        var owner = Guid.NewGuid().ToString("N");
        var until = clock.GetUtcNow() + policy.LockWait;
        try
        {
            while (true)
            {
                if (await locks.TryLockAsync(store, resource, owner, (int)policy.LockLease.TotalSeconds) is { } held)
                {
                    _lockFailed = false;
                    return new HeldLock(this, store, held.ResourceId, owner);
                }
                if (clock.GetUtcNow() >= until) return null;
                await Task.Delay(s_retryEvery, clock);
            }
        }
        catch (DaprException e)
        {
            // No lock component, or it is down. Said once; holds go on by compare-and-set.
            if (!_lockFailed) log.LockUnavailable(e, store);
            _lockFailed = true;
            return null;
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

    private sealed class Turn(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }

    private sealed class HeldLock(BlockGate gate, string store, string resource, string owner) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => new(gate.UnlockAsync(store, resource, owner));
    }
}
