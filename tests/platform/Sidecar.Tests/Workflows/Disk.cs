using ConcertDapr.Sidecar.State;

namespace ConcertDapr.Tests.Workflows;

/// <summary>What survives a killed process: rows in memory, written whole transactions at a time.</summary>
internal sealed class Disk
{
    private readonly Dictionary<string, StateItem> _rows = new(StringComparer.Ordinal);

    public Dictionary<string, StateItem> Rows
    {
        get
        {
            lock (_rows)
                return new(_rows);
        }
    }

    /// <summary>
    /// A store over this disk for one process. After <paramref name="writes"/> transactions the process is "killed":
    /// the next one is stored or not (<paramref name="storeLast"/>), and nothing ever returns again.
    /// </summary>
    public Process Mount(int writes = int.MaxValue, bool storeLast = false) => new(_rows, writes, storeLast);

    internal sealed class Process(Dictionary<string, StateItem> rows, int writes, bool storeLast) : IStateStore
    {
        private readonly TaskCompletionSource _killed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _left = writes;

        public Task Killed => _killed.Task;

        public ValueTask<StateItem?> GetAsync(string key, CancellationToken cancellationToken = default) => Read(() => rows.GetValueOrDefault(key));

        public ValueTask<IReadOnlyList<StateItem?>> GetManyAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken = default) =>
            Read<IReadOnlyList<StateItem?>>(() => [.. keys.Select(rows.GetValueOrDefault)]);

        public ValueTask ExecuteAsync(StateOperation operation, CancellationToken cancellationToken = default) =>
            TransactAsync([operation], cancellationToken);

        public async ValueTask TransactAsync(IReadOnlyList<StateOperation> operations, CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            lock (rows)
            {
                _left--;
                if (_left >= 0 || (_left == -1 && storeLast))
                    foreach (var operation in operations)
                        Apply(operation);
            }
            if (_left < 0)
                await NeverAsync();
        }

        public async IAsyncEnumerable<string> ListKeysAsync(string prefix,
            [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            foreach (var key in await Read(() => rows.Keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal)).ToList()))
                yield return key;
        }

        private void Apply(StateOperation operation)
        {
            if (operation is StateSet set)
                rows[set.Key] = new StateItem(set.Data.ToArray(), "1");
            else
                rows.Remove(operation.Key);
        }

        private async ValueTask<T> Read<T>(Func<T> read)
        {
            if (_left < 0)
                await NeverAsync();
            await Task.Yield();
            lock (rows)
                return read();
        }

        private async Task NeverAsync()
        {
            _killed.TrySetResult();
            await Task.Delay(Timeout.Infinite);
        }
    }
}
