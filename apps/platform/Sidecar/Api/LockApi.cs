using ConcertDapr.Sidecar.Components;
using ConcertDapr.Sidecar.Locks;
using Grpc.Core;

namespace ConcertDapr.Sidecar.Api;

/// <summary>The lock API over any protocol. Throws <see cref="DaprError"/>.</summary>
internal sealed class LockApi(IReadOnlyDictionary<string, LockComponent> components)
{
    public async Task<bool> TryLockAsync(
        string store, string resourceId, string lockOwner, int expiryInSeconds, CancellationToken cancellationToken)
    {
        if (expiryInSeconds <= 0) throw Malformed($"ExpiryInSeconds is not positive in lock store {store}");
        var (component, key) = Find(store, resourceId, lockOwner, "ERR_TRY_LOCK");
        try
        {
            return await component.Store.TryLockAsync(key, lockOwner, TimeSpan.FromSeconds(expiryInSeconds), cancellationToken);
        }
        catch (Exception e) when (StateApi.IsFailure(e, cancellationToken))
        {
            throw new DaprError(500, "ERR_TRY_LOCK", StatusCode.Internal, $"failed to try acquiring lock: {e.Message}", e);
        }
    }

    public async Task<UnlockStatus> UnlockAsync(string store, string resourceId, string lockOwner, CancellationToken cancellationToken)
    {
        var (component, key) = Find(store, resourceId, lockOwner, "ERR_UNLOCK");
        try
        {
            return await component.Store.UnlockAsync(key, lockOwner, cancellationToken);
        }
        catch (Exception e) when (StateApi.IsFailure(e, cancellationToken))
        {
            throw new DaprError(500, "ERR_UNLOCK", StatusCode.Internal, $"failed to release lock: {e.Message}", e);
        }
    }

    private (LockComponent Component, string Key) Find(string store, string resourceId, string lockOwner, string failure)
    {
        if (components.Count == 0)
            throw new DaprError(500, "ERR_LOCK_STORE_NOT_CONFIGURED", StatusCode.FailedPrecondition, "lock store is not configured");
        if (resourceId.Length == 0) throw Malformed($"ResourceId is empty in lock store {store}");
        if (lockOwner.Length == 0) throw Malformed($"LockOwner is empty in lock store {store}");
        if (!components.TryGetValue(store, out var component))
            throw new DaprError(400, "ERR_LOCK_STORE_NOT_FOUND", StatusCode.InvalidArgument, $"lock store {store} not found");
        if (resourceId.Contains(KeyPrefix.Separator, StringComparison.Ordinal))
            throw new DaprError(500, failure, StatusCode.Internal, failure == "ERR_UNLOCK"
                ? $"failed to release lock: input key/keyPrefix '{resourceId}' can't contain '||'"
                : $"failed to try acquiring lock: input key/keyPrefix '{resourceId}' can't contain '||'");
        return (component, component.Prefix.Apply(resourceId));
    }

    private static DaprError Malformed(string message) => new(400, "ERR_MALFORMED_REQUEST", StatusCode.InvalidArgument, message);
}
