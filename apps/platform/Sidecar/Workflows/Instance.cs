using ConcertDapr.Wire.Workflows;

namespace ConcertDapr.Sidecar.Workflows;

/// <summary>
/// One instance in memory: its state and what is going on with it. Everything here but <see cref="Metadata"/> is touched only inside
/// its gate, and nothing here needs to survive: all of it follows from the state.
/// </summary>
internal sealed class Instance(string id)
{
    public string Id => id;

    public SemaphoreSlim Gate { get; } = new(1, 1);

    /// <summary>No longer the instance of its id: whoever still has it looks the id up again.</summary>
    public bool IsEvicted { get; set; }

    public bool IsLoaded { get; set; }

    /// <summary>Completes when all changes so far are stored; they are stored one after the other.</summary>
    public Task Stored { get; set; } = Task.CompletedTask;

    /// <summary>The metadata row as the store is known to have it; null where it has none. Every change expects it, and
    /// sets it once it is stored (<see cref="Stored"/>).</summary>
    public ReadOnlyMemory<byte>? Metadata { get; set; }

    /// <summary>Null: there is no such instance.</summary>
    public InstanceState? State { get; set; }

    public TurnPhase Phase { get; set; }

    /// <summary>The turn that a worker has; null in all other phases.</summary>
    public TurnOut? Out { get; set; }

    /// <summary>Activities that workers have, by task id.</summary>
    public Dictionary<int, Dispatch> Dispatched { get; } = [];

    /// <summary>Children that this process has set in motion, by event and instance id: each completes when the child is stored.</summary>
    public Dictionary<(int, string), Task> Beginnings { get; } = [];

    /// <summary>Tickets that are offered to workers as soon as the gate is free: who takes one comes in by it.</summary>
    public List<Ticket> Tickets { get; } = [];

    /// <summary>Continue-as-new in a row, without an ordinary turn between.</summary>
    public int Continuations { get; set; }

    public void Forget()
    {
        Phase = TurnPhase.Idle;
        Out = null;
        Dispatched.Clear();
        Beginnings.Clear();
    }
}

/// <summary>An activity in a worker's hands, with its trace context where it has one.</summary>
internal sealed record Dispatch(WorkerStream Worker, Ticket.Activity Ticket, TraceContext? Trace, DateTimeOffset Since);

/// <summary>Where the next turn of an instance is.</summary>
internal enum TurnPhase
{
    /// <summary>Nothing to do.</summary>
    Idle,

    /// <summary>A ticket waits for a worker.</summary>
    Queued,

    /// <summary>A worker has it.</summary>
    Out,

    /// <summary>A worker could not go on; the next worker that connects gets it.</summary>
    Parked,
}

/// <summary>A turn in a worker's hands: the inbox events it took and the start that will be recorded.</summary>
internal sealed record TurnOut(WorkerStream Worker, Ticket.Workflow Ticket, HistoryEvent WorkflowStarted, int Taken);
