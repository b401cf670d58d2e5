using System.Collections.Concurrent;
using System.Threading.Channels;
using ConcertDapr.Wire.Workflows;

namespace ConcertDapr.Sidecar.Workflows;

/// <summary>A wish to have something done by a worker. Whether it is still wanted is asked when a worker is free.</summary>
internal abstract record Ticket(string InstanceId)
{
    /// <summary>A turn of the workflow: whatever is in its inbox by then.</summary>
    public sealed record Workflow(string InstanceId) : Ticket(InstanceId);

    /// <summary>
    /// One activity. <paramref name="Scheduled"/> tells runs of the same id apart; <paramref name="EvenWhenEnded"/>: it was
    /// asked for in the answer that ended the workflow, and is still to run.
    /// </summary>
    public sealed record Activity(string InstanceId, HistoryEvent Scheduled, bool EvenWhenEnded) : Ticket(InstanceId);
}

/// <summary>One connected worker and the tickets it has not answered yet.</summary>
internal sealed class WorkerStream(bool withTokens)
{
    public string TokenOf(HistoryEvent e) => withTokens ? CompletionToken.Of(e) : "";

    public ConcurrentDictionary<Ticket, byte> Held { get; } = new(ReferenceEqualityComparer.Instance);
}

/// <summary>Tickets in order of arrival, for whichever worker stream waits longest; never by name.</summary>
internal sealed class WorkItemQueue
{
    // A worker stream that waits takes a ticket right where it is added.
    private readonly Channel<Ticket> _tickets = Channel.CreateUnbounded<Ticket>(new() { AllowSynchronousContinuations = true });
    private readonly Lock _lock = new();
    private readonly HashSet<WorkerStream> _workers = [];
    private TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Workers
    {
        get
        {
            lock (_lock)
                return _workers.Count;
        }
    }

    /// <summary>Completes as soon as a worker is connected.</summary>
    public Task Connected
    {
        get
        {
            lock (_lock)
                return _connected.Task;
        }
    }

    public void Add(Ticket ticket) => _tickets.Writer.TryWrite(ticket);

    public ValueTask<Ticket> NextAsync(CancellationToken cancellationToken) => _tickets.Reader.ReadAsync(cancellationToken);

    public WorkerStream Enter(bool withTokens)
    {
        var worker = new WorkerStream(withTokens);
        lock (_lock)
        {
            _workers.Add(worker);
            _connected.TrySetResult();
        }
        return worker;
    }

    public void Leave(WorkerStream worker)
    {
        lock (_lock)
            if (_workers.Remove(worker) && _workers.Count == 0)
                _connected = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
