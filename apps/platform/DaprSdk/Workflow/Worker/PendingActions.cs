using ConcertDapr.Wire.Workflows;
using Google.Protobuf.WellKnownTypes;

namespace Dapr.Workflow.Worker;

/// <summary>
/// What the code has asked for and history does not know yet, and the tasks that wait for an outcome, by sequence id.
/// </summary>
internal sealed class PendingActions
{
    /// <summary>When a timer fires that is only there to mark a wait without limit.</summary>
    public static readonly Timestamp Never = new() { Seconds = 253402300799, Nanos = 999999999 };

    private SortedDictionary<int, WorkflowAction> _actions = [];
    private Dictionary<int, TaskCompletionSource<HistoryEvent>> _open = [];
    private int _next;

    public IReadOnlyCollection<WorkflowAction> Actions => _actions.Values;

    /// <summary>The id the next action gets.</summary>
    public int NextId => _next;

    public int TakeId() => _next++;

    public void Add(WorkflowAction action) => _actions.Add(action.Id, action);

    public TaskCompletionSource<HistoryEvent> Wait(int id) => _open[id] = new TaskCompletionSource<HistoryEvent>();

    /// <summary>Forgets a wait that was cancelled; its id may meanwhile belong to another.</summary>
    public void StopWaiting(int id, TaskCompletionSource<HistoryEvent> waiting)
    {
        if (_open.GetValueOrDefault(id) == waiting)
            _open.Remove(id);
    }

    /// <summary>Hands over an outcome; user code goes on inside this call. False when nobody waits for the id.</summary>
    public bool TryComplete(int id, HistoryEvent outcome)
    {
        if (!_open.Remove(id, out var waiting))
            return false;
        waiting.SetResult(outcome);
        return true;
    }

    /// <summary>History has an action under this id: it need not be sent again.</summary>
    public void Confirm(int id, HistoryEvent created)
    {
        if (_actions.TryGetValue(id, out var action) && IsMarker(action) && !IsMarker(created))
            DropMarker(id);
        _actions.Remove(id);
    }

    /// <summary>
    /// A wait without limit was once written without its marker timer. Where history shows another action at the
    /// marker's id, the marker is dropped and every later id moves down by one. (The official SDK cancels the marker's task
    /// too, which ends the wait with TaskCanceledException; here the wait goes on.)
    /// </summary>
    private void DropMarker(int id)
    {
        _actions.Remove(id);
        _open.Remove(id);
        var actions = new SortedDictionary<int, WorkflowAction>();
        foreach (var action in _actions.Values)
        {
            action.Id -= action.Id > id ? 1 : 0;
            actions.Add(action.Id, action);
        }

        _actions = actions;
        _open = _open.ToDictionary(o => o.Key > id ? o.Key - 1 : o.Key, o => o.Value);
        _next--;
    }

    private static bool IsMarker(WorkflowAction action) =>
        action.CreateTimer is { OriginCase: CreateTimerAction.OriginOneofCase.ExternalEvent } timer && Never.Equals(timer.FireAt);

    private static bool IsMarker(HistoryEvent created) =>
        created.TimerCreated is { OriginCase: TimerCreatedEvent.OriginOneofCase.ExternalEvent } timer
        && Never.Equals(timer.FireAt);
}
