using System.Diagnostics.CodeAnalysis;
using Wire = ConcertDapr.Wire.Runtime;

namespace Dapr.Client;

internal sealed partial class DaprGrpcClient
{
    [Experimental("DAPR_DISTRIBUTEDLOCK")]
    public override async Task<TryLockResponse> Lock(
        string storeName, string resourceId, string lockOwner, int expiryInSeconds,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(storeName);
        ArgumentException.ThrowIfNullOrEmpty(resourceId);
        ArgumentException.ThrowIfNullOrEmpty(lockOwner);
        if (expiryInSeconds <= 0)
            throw new ArgumentException(
                $"The value cannot be zero or less than zero: {expiryInSeconds}", nameof(expiryInSeconds));
        var request = new Wire.TryLockRequest
        {
            StoreName = storeName,
            ResourceId = resourceId,
            LockOwner = lockOwner,
            ExpiryInSeconds = expiryInSeconds,
        };
        var answer = await CallAsync("Lock", "TryLockAlpha1", request, Wire.TryLockResponse.Parser, cancellationToken);
        return new TryLockResponse
        {
            StoreName = storeName,
            ResourceId = resourceId,
            LockOwner = lockOwner,
            Success = answer.Success,
        };
    }

    [Experimental("DAPR_DISTRIBUTEDLOCK")]
    public override async Task<UnlockResponse> Unlock(
        string storeName, string resourceId, string lockOwner, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(storeName);
        ArgumentException.ThrowIfNullOrEmpty(resourceId);
        ArgumentException.ThrowIfNullOrEmpty(lockOwner);
        var request = new Wire.UnlockRequest { StoreName = storeName, ResourceId = resourceId, LockOwner = lockOwner };
        var answer = await CallAsync("Lock", "UnlockAlpha1", request, Wire.UnlockResponse.Parser, cancellationToken);
        return new UnlockResponse((LockStatus)answer.Status);
    }
}
