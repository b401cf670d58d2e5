using ConcertDapr.Wire.Workflows;

namespace Dapr.Workflow.Worker;

/// <summary>Brings raised events and those who wait for them together: by name without case, first come first served.</summary>
internal sealed class ExternalEvents
{
    private readonly List<HistoryEvent> _unclaimed = [];
    private readonly Dictionary<string, Queue<TaskCompletionSource<HistoryEvent>>> _waiting =
        new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Events nobody has waited for yet, in the order they came.</summary>
    public IReadOnlyList<HistoryEvent> Unclaimed => _unclaimed;

    public void Raise(HistoryEvent raised)
    {
        if (_waiting.TryGetValue(raised.EventRaised.Name, out var queue))
            while (queue.TryDequeue(out var waiting))
                if (waiting.TrySetResult(raised))
                    return;
        _unclaimed.Add(raised);
    }

    public async Task<HistoryEvent> WaitAsync(string name, CancellationToken cancellationToken)
    {
        var index = _unclaimed.FindIndex(e => string.Equals(e.EventRaised.Name, name, StringComparison.OrdinalIgnoreCase));
        if (index >= 0)
        {
            var raised = _unclaimed[index];
            _unclaimed.RemoveAt(index);
            return raised;
        }

        var waiting = new TaskCompletionSource<HistoryEvent>();
        if (!_waiting.TryGetValue(name, out var queue))
            _waiting.Add(name, queue = new Queue<TaskCompletionSource<HistoryEvent>>());
        queue.Enqueue(waiting);
        using var registration = cancellationToken.Register(() => waiting.TrySetCanceled(cancellationToken));
        return await waiting.Task;
    }
}
