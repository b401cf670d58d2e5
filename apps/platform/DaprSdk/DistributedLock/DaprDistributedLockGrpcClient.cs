using System.Diagnostics.CodeAnalysis;
using Dapr.DistributedLock.Models;
using Google.Protobuf;
using Grpc.Core;
using Wire = ConcertDapr.Wire.Runtime;

namespace Dapr.DistributedLock;

/// <summary>The lock API over gRPC.</summary>
[Experimental("DAPR_DISTRIBUTEDLOCK")]
internal sealed class DaprDistributedLockGrpcClient(SidecarGrpc grpc) : DaprDistributedLockClient
{
    public override async Task<LockResponse?> TryLockAsync(
        string storeName, string resourceId, string lockOwner, int expiryInSeconds,
        CancellationToken cancellationToken = default)
    {
        Check(storeName, resourceId, lockOwner);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(expiryInSeconds);
        var request = new Wire.TryLockRequest
        {
            StoreName = storeName,
            ResourceId = resourceId,
            LockOwner = lockOwner,
            ExpiryInSeconds = expiryInSeconds,
        };
        var answer = await CallAsync("TryLockAlpha1", request, Wire.TryLockResponse.Parser, cancellationToken);
        return answer.Success
            ? new LockResponse(this) { StoreName = storeName, ResourceId = resourceId, LockOwner = lockOwner }
            : null;
    }

    public override async Task<UnlockResponse> TryUnlockAsync(
        string storeName, string resourceId, string lockOwner, CancellationToken cancellationToken = default)
    {
        Check(storeName, resourceId, lockOwner);
        var request = new Wire.UnlockRequest { StoreName = storeName, ResourceId = resourceId, LockOwner = lockOwner };
        var answer = await CallAsync("UnlockAlpha1", request, Wire.UnlockResponse.Parser, cancellationToken);
        return new UnlockResponse((LockStatus)answer.Status);
    }

    private static void Check(string storeName, string resourceId, string lockOwner)
    {
        ArgumentException.ThrowIfNullOrEmpty(storeName);
        ArgumentException.ThrowIfNullOrEmpty(resourceId);
        ArgumentException.ThrowIfNullOrEmpty(lockOwner);
    }

    private async Task<TResponse> CallAsync<TResponse>(
        string method, IMessage request, MessageParser<TResponse> parser, CancellationToken cancellationToken)
        where TResponse : class, IMessage<TResponse>
    {
        try
        {
            return await grpc.CallAsync($"/dapr.proto.runtime.v1.Dapr/{method}", request, parser, cancellationToken);
        }
        catch (RpcException e)
        {
            throw new DaprException(
                "Lock operation failed: the Dapr endpoint indicated a failure. See InnerException for details.", e);
        }
    }
}
