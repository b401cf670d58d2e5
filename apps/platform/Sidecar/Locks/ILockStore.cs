namespace ConcertDapr.Sidecar.Locks;

/// <summary>What an unlock came to; the numbers are the protocol's.</summary>
internal enum UnlockStatus { Success = 0, LockDoesNotExist = 1, LockBelongsToOthers = 2, InternalError = 3 }

/// <summary>A lock component: leases without fencing, renewal or re-entrancy. Keys are complete.</summary>
internal interface ILockStore
{
    /// <summary>Whether the lock was free and is now held by <paramref name="owner"/> until the lease ends.</summary>
    Task<bool> TryLockAsync(string key, string owner, TimeSpan lease, CancellationToken cancellationToken);

    Task<UnlockStatus> UnlockAsync(string key, string owner, CancellationToken cancellationToken);
}
