using System.Diagnostics.CodeAnalysis;
using Dapr.Common;
using Dapr.DistributedLock.Models;

namespace Dapr.DistributedLock.Models
{
    /// <summary>What came of an unlock.</summary>
    public enum LockStatus
    {
        Success,
        LockDoesNotExist,
        LockBelongsToOthers,
        InternalError,
    }

    /// <summary>The answer to an unlock.</summary>
    public sealed record UnlockResponse(LockStatus Status);

    /// <summary>A lock that is held; disposing it unlocks.</summary>
    [Experimental("DAPR_DISTRIBUTEDLOCK")]
    public sealed class LockResponse : IAsyncDisposable
    {
        private readonly IDaprDistributedLockClient _client;

        internal LockResponse(IDaprDistributedLockClient client) => _client = client;

        public required string ResourceId { get; init; }

        public required string LockOwner { get; init; }

        public required string StoreName { get; init; }

        public async ValueTask DisposeAsync() => await _client.TryUnlockAsync(StoreName, ResourceId, LockOwner);
    }
}

namespace Dapr.DistributedLock
{
    /// <summary>Leases: they lessen contention and prove nothing, for there is no fencing.</summary>
    [Experimental("DAPR_DISTRIBUTEDLOCK")]
    public interface IDaprDistributedLockClient : IDaprClient
    {
        /// <summary>Takes the lock for so many seconds; null at once when somebody else holds it.</summary>
        /// <exception cref="DaprException">The sidecar failed the call.</exception>
        Task<LockResponse?> TryLockAsync(
            string storeName, string resourceId, string lockOwner, int expiryInSeconds,
            CancellationToken cancellationToken = default);

        /// <summary>Frees the lock if this owner still holds it.</summary>
        /// <exception cref="DaprException">The sidecar failed the call.</exception>
        Task<UnlockResponse> TryUnlockAsync(
            string storeName, string resourceId, string lockOwner, CancellationToken cancellationToken = default);
    }

    /// <inheritdoc cref="IDaprDistributedLockClient" />
    [Experimental("DAPR_DISTRIBUTEDLOCK")]
    public abstract class DaprDistributedLockClient : IDaprDistributedLockClient
    {
        private protected DaprDistributedLockClient()
        {
        }

        public abstract Task<LockResponse?> TryLockAsync(
            string storeName, string resourceId, string lockOwner, int expiryInSeconds,
            CancellationToken cancellationToken = default);

        public abstract Task<UnlockResponse> TryUnlockAsync(
            string storeName, string resourceId, string lockOwner, CancellationToken cancellationToken = default);

        public void Dispose()
        {
            Dispose(disposing: true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
        }
    }

    /// <summary>What <c>AddDaprDistributedLock</c> returns.</summary>
    public interface IDaprDistributedLockBuilder : IDaprServiceBuilder;
}
