using ConcertDapr.Sidecar.State;

namespace ConcertDapr.Sidecar.Leases;

/// <summary>A shared store in the hands of one lease's holder: every write carries the fence.</summary>
internal sealed class FencedStore(ISharedStore store, Fence fence) : IStateStore
{
    public ValueTask<StateItem?> GetAsync(string key, CancellationToken cancellationToken = default) => store.GetAsync(key, cancellationToken);

    public ValueTask<IReadOnlyList<StateItem?>> GetManyAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken = default) =>
        store.GetManyAsync(keys, cancellationToken);

    public ValueTask ExecuteAsync(StateOperation operation, CancellationToken cancellationToken = default) =>
        store.TransactAsync([operation], fence, cancellationToken);

    public ValueTask TransactAsync(IReadOnlyList<StateOperation> operations, CancellationToken cancellationToken = default) =>
        store.TransactAsync(operations, fence, cancellationToken);

    public IAsyncEnumerable<string> ListKeysAsync(string prefix, string suffix, CancellationToken cancellationToken = default) =>
        store.ListKeysAsync(prefix, suffix, cancellationToken);
}
