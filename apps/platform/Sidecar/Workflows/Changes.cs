namespace ConcertDapr.Sidecar.Workflows;

/// <summary>Lets callers wait for the next change of an instance by its id, whether it exists yet or not.</summary>
internal sealed class Changes
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Waiting> _waiting = [];

    /// <summary>
    /// Asks <paramref name="look"/> now and after every change of <paramref name="id"/> until it gives something.
    /// No change is missed: the wait begins before the look.
    /// </summary>
    public async Task<T> UntilAsync<T>(string id, Func<Task<T?>> look, CancellationToken cancellationToken) where T : class
    {
        while (true)
        {
            var changed = Enter(id);
            try
            {
                if (await look() is { } found)
                    return found;
                await changed.Signal.Task.WaitAsync(cancellationToken);
            }
            finally
            {
                Leave(id, changed);
            }
        }
    }

    public void Announce(string id)
    {
        lock (_lock)
            if (_waiting.Remove(id, out var waiting))
                waiting.Signal.SetResult();
    }

    private Waiting Enter(string id)
    {
        lock (_lock)
        {
            if (!_waiting.TryGetValue(id, out var waiting))
                _waiting.Add(id, waiting = new Waiting());
            waiting.Callers++;
            return waiting;
        }
    }

    private void Leave(string id, Waiting left)
    {
        lock (_lock)
            if (--left.Callers == 0 && _waiting.TryGetValue(id, out var current) && current == left)
                _waiting.Remove(id);
    }

    private sealed class Waiting
    {
        public readonly TaskCompletionSource Signal = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public int Callers;
    }
}
