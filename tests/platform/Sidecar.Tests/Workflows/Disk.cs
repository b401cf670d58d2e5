using ConcertDapr.Sidecar.State;

namespace ConcertDapr.Tests.Workflows;

/// <summary>What survives a killed process: rows in memory, written whole transactions at a time.</summary>
internal sealed class Disk
{
    private readonly Dictionary<string, StateItem> _rows = new(StringComparer.Ordinal);
    private readonly List<Dictionary<string, StateItem>> _before = [];

    /// <summary>Asked before each transaction: how many of the last ones the store has lost by now.</summary>
    public Func<int> Forgets { get; set; } = () => 0;

    /// <summary>Runs before several rows are read together.</summary>
    public Action BeforeManyAreRead { get; set; } = () => { };

    /// <summary>What a transaction waits for, by its first key.</summary>
    public Func<string, Task> Writable { get; set; } = _ => Task.CompletedTask;

    public Dictionary<string, StateItem> Rows
    {
        get
        {
            lock (_rows)
                return new(_rows);
        }
        set
        {
            lock (_rows)
                Replace(value);
        }
    }

    /// <summary>
    /// A store over this disk for one process. After <paramref name="writes"/> transactions the process is "killed":
    /// the next one is stored or not (<paramref name="storeLast"/>), and nothing ever returns again.
    /// </summary>
    public Process Mount(int writes = int.MaxValue, bool storeLast = false) => new(this, _rows, writes, storeLast);

    private void Forget()
    {
        var count = Math.Min(Forgets(), _before.Count);
        if (count == 0)
            return;
        Replace(_before[^count]);
        _before.RemoveRange(_before.Count - count, count);
    }

    private void Replace(Dictionary<string, StateItem> rows)
    {
        _rows.Clear();
        foreach (var (key, item) in rows)
            _rows.Add(key, item);
    }

    internal sealed class Process(Disk disk, Dictionary<string, StateItem> rows, int writes, bool storeLast) : IStateStore
    {
        private readonly TaskCompletionSource _killed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _left = writes;

        public Task Killed => _killed.Task;

        public ValueTask<StateItem?> GetAsync(string key, CancellationToken cancellationToken = default) => Read(() => rows.GetValueOrDefault(key));

        public ValueTask<IReadOnlyList<StateItem?>> GetManyAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken = default)
        {
            disk.BeforeManyAreRead();
            return Read<IReadOnlyList<StateItem?>>(() => [.. keys.Select(rows.GetValueOrDefault)]);
        }

        public ValueTask ExecuteAsync(StateOperation operation, CancellationToken cancellationToken = default) =>
            TransactAsync([operation], cancellationToken);

        public async ValueTask TransactAsync(IReadOnlyList<StateOperation> operations, CancellationToken cancellationToken = default)
        {
            var writable = disk.Writable(operations[0].Key);
            await Task.Yield();
            await writable.WaitAsync(cancellationToken);
            lock (rows)
            {
                disk.Forget();
                if (operations is [StateExpect expected, ..] && !IsMet(expected))
                    throw new UnexpectedStateException(expected.Key);
                _left--;
                disk._before.Add(new(rows));
                if (_left >= 0 || (_left == -1 && storeLast))
                    foreach (var operation in operations)
                        Apply(operation);
            }
            if (_left < 0)
                await NeverAsync();
        }

        public async IAsyncEnumerable<string> ListKeysAsync(string prefix, string suffix,
            [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            foreach (var key in await Read(() => rows.Keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal) && k.EndsWith(suffix, StringComparison.Ordinal)).ToList()))
                yield return key;
        }

        private bool IsMet(StateExpect expected) => rows.TryGetValue(expected.Key, out var item)
            ? expected.Data is { } data && data.Span.SequenceEqual(item.Data.Span) : expected.Data is null;

        private void Apply(StateOperation operation)
        {
            if (operation is StateSet set)
                rows[set.Key] = new StateItem(set.Data.ToArray(), "1");
            else if (operation is StateDelete)
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
