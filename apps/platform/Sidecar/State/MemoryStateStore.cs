using System.Runtime.CompilerServices;

namespace ConcertDapr.Sidecar.State;

/// <summary><c>state.in-memory</c>: gone with the process; transactions are atomic; etags are random.</summary>
internal sealed class MemoryStateStore(TimeProvider clock) : IStateStore
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, StateItem> items = new(StringComparer.Ordinal);
    private DateTimeOffset nextSweep = DateTimeOffset.MinValue;

    public ValueTask<StateItem?> GetAsync(string key, CancellationToken cancellationToken = default)
    {
        lock (gate) return ValueTask.FromResult(Find(key));
    }

    public ValueTask<IReadOnlyList<StateItem?>> GetManyAsync(
        IReadOnlyList<string> keys, CancellationToken cancellationToken = default)
    {
        lock (gate) return ValueTask.FromResult<IReadOnlyList<StateItem?>>([.. keys.Select(Find)]);
    }

    public ValueTask ExecuteAsync(StateOperation operation, CancellationToken cancellationToken = default) =>
        TransactAsync([operation], cancellationToken);

    public ValueTask TransactAsync(IReadOnlyList<StateOperation> operations, CancellationToken cancellationToken = default)
    {
        lock (gate)
        {
            foreach (var operation in operations) Check(operation);
            foreach (var operation in operations) Apply(operation);
            Sweep();
        }
        return ValueTask.CompletedTask;
    }

    public async IAsyncEnumerable<string> ListKeysAsync(
        string prefix, string suffix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string[] keys;
        lock (gate)
            keys = [.. items.Keys.ToArray().Where(key => key.StartsWith(prefix, StringComparison.Ordinal)
                && key.EndsWith(suffix, StringComparison.Ordinal) && Find(key) is not null)];
        foreach (var key in keys) yield return key;
        await ValueTask.CompletedTask;
    }

    private StateItem? Find(string key)
    {
        if (!items.TryGetValue(key, out var item)) return null;
        if (item.ExpiresAt is null || item.ExpiresAt > clock.GetUtcNow()) return item;
        items.Remove(key);
        return null;
    }

    private void Check(StateOperation operation)
    {
        var stored = Find(operation.Key);
        if (operation is StateExpect expected)
        {
            if (expected.Data is { } data ? stored?.Data.Span.SequenceEqual(data.Span) != true : stored is not null)
                throw new UnexpectedStateException(operation.Key);
            return;
        }
        if (string.IsNullOrEmpty(operation.ETag))
        {
            if (operation.Concurrency == StateConcurrency.FirstWrite && stored is not null)
                throw new ETagMismatchException("item already exists and no etag was passed");
        }
        else if (stored is null) throw new ETagMismatchException($"state not exist or expired for key={operation.Key}");
        else if (stored.ETag != operation.ETag)
            throw new ETagMismatchException($"state etag not match for key={operation.Key}: current={stored.ETag}, expect={operation.ETag}");
    }

    private void Apply(StateOperation operation)
    {
        if (operation is StateDelete) items.Remove(operation.Key);
        if (operation is not StateSet set) return;
        DateTimeOffset? expires = set.TtlSeconds > 0 ? clock.GetUtcNow().AddSeconds(set.TtlSeconds.Value) : null;
        items[set.Key] = new StateItem(set.Data.ToArray(), Guid.NewGuid().ToString(), expires);
    }

    /// <summary>Drops expired items now and then, so that keys nobody reads again do not pile up.</summary>
    private void Sweep()
    {
        var now = clock.GetUtcNow();
        if (now < nextSweep) return;
        nextSweep = now.AddSeconds(10);
        foreach (var (key, item) in items)
            if (item.ExpiresAt <= now) items.Remove(key);
    }
}
