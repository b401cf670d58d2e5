using System.Diagnostics.CodeAnalysis;

namespace Dapr.Client;

/// <summary>What came of an unlock.</summary>
public enum LockStatus
{
    Success,
    LockDoesNotExist,
    LockBelongsToOthers,
    InternalError,
}

/// <summary>The answer to an unlock.</summary>
[Experimental("DAPR_DISTRIBUTEDLOCK")]
public class UnlockResponse(LockStatus status)
{
#pragma warning disable IDE1006, CA1708 // The official SDK spells this property in lower case.
    public LockStatus status { get; set; } = status;
#pragma warning restore IDE1006, CA1708
}

/// <summary>The answer to a lock; disposing it unlocks through a new client with default settings.</summary>
[Experimental("DAPR_DISTRIBUTEDLOCK")]
public sealed class TryLockResponse : IAsyncDisposable
{
    public bool Success { get; init; }

    public string ResourceId { get; init; } = "";

    public string LockOwner { get; init; } = "";

    public string StoreName { get; init; } = "";

    public async ValueTask DisposeAsync()
    {
        if (!Success)
            return;
        using var client = new DaprClientBuilder().Build();
        await client.Unlock(StoreName, ResourceId, LockOwner);
    }
}
