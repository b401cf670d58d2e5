using System.Text.Json;
using ConcertDapr.Wire.Workflows;
using Kind = ConcertDapr.Wire.Workflows.HistoryEvent.EventTypeOneofCase;

namespace ConcertDapr.Crash;

/// <summary>What is left of one instance: its history as the API tells it, and its rows by the last part of their keys.</summary>
internal sealed record Remains(string Id, IReadOnlyList<HistoryEvent> Events, IReadOnlyDictionary<string, byte[]> Rows)
{
    public ExecutionStartedEvent? Started => Events.FirstOrDefault(e => e.EventTypeCase == Kind.ExecutionStarted)?.ExecutionStarted;

    public ExecutionCompletedEvent? Ended => Events.LastOrDefault(e => e.EventTypeCase == Kind.ExecutionCompleted)?.ExecutionCompleted;

    public IEnumerable<HistoryEvent> Of(Kind kind) => Events.Where(e => e.EventTypeCase == kind);
}

/// <summary>
/// Says what is wrong with an ended instance's history, by the rules of Dapr's history events alone: it knows nothing of
/// the engine that wrote it.
/// </summary>
internal sealed class HistoryChecker(Remains remains)
{
    private readonly List<string> _faults = [];
    private readonly Dictionary<int, HistoryEvent> _open = [];
    private readonly HashSet<int> _made = [];

    public static IReadOnlyList<string> Check(Remains remains)
    {
        var checker = new HistoryChecker(remains);
        checker.CheckRows();
        checker.CheckEnds();
        checker.CheckOrder();
        return checker._faults;
    }

    private void Fault(string what) => _faults.Add($"{remains.Id}: {what}");

    /// <summary>Rows 0 … n-1 of history and inbox as the metadata declares them, no gap, nothing beyond, the same as the API tells.</summary>
    private void CheckRows()
    {
        if (!remains.Rows.TryGetValue("metadata", out var bytes))
        {
            Fault("there is no metadata row");
            return;
        }
        var metadata = WorkflowStateMetadata.Parser.ParseFrom(bytes);
        CheckRows("history", metadata.HistoryLength);
        CheckRows("inbox", metadata.InboxLength);
        if (remains.Events.Count != (int)metadata.HistoryLength)
            Fault($"the API tells {remains.Events.Count} events, the metadata {metadata.HistoryLength}");
        for (var i = 0; i < remains.Events.Count; i++)
            if (remains.Rows.TryGetValue($"history-{i:D6}", out var row) && !HistoryEvent.Parser.ParseFrom(row).Equals(remains.Events[i]))
                Fault($"row {i} is not the event that the API tells");
        if (remains.Rows.Keys.FirstOrDefault(n => n is not ("metadata" or "customStatus") && !n.StartsWith("history-", StringComparison.Ordinal)
            && !n.StartsWith("inbox-", StringComparison.Ordinal)) is { } stray)
            Fault($"there is a row {stray}");
    }

    private void CheckRows(string kind, ulong length)
    {
        for (var i = 0UL; i < length; i++)
            if (!remains.Rows.ContainsKey($"{kind}-{i:D6}"))
                Fault($"{kind} row {i} of {length} is missing");
        var found = remains.Rows.Keys.Count(name => name.StartsWith(kind + "-", StringComparison.Ordinal));
        if (found > (int)length)
            Fault($"{found} {kind} rows where the metadata declares {length}");
    }

    private void CheckEnds()
    {
        foreach (var kind in new[] { Kind.ExecutionStarted, Kind.ExecutionCompleted })
            if (remains.Of(kind).Count() is var count and not 1)
                Fault($"{kind} occurs {count} times");
        if (remains.Events is not [{ EventTypeCase: Kind.WorkflowStarted }, ..])
            Fault("the history does not begin with a turn");
        if (remains.Events is not [.., { EventTypeCase: Kind.ExecutionCompleted }])
            Fault("the history does not end with the end");
        if (remains.Started is { } started && started.WorkflowInstance?.InstanceId != remains.Id)
            Fault($"the start is one of {started.WorkflowInstance?.InstanceId}");
        if (remains.Ended?.WorkflowStatus == OrchestrationStatus.Completed && _faults.Count == 0)
            foreach (var times in remains.Events.GroupBy(e => e.Timestamp).Where(g => g.Count() > 1))
                Fault($"{times.Count()} events have the time {times.Key}");
    }

    /// <summary>Each step is made once, ends at most once, in a later turn, as what it is.</summary>
    private void CheckOrder()
    {
        var ofThisTurn = new HashSet<int>();
        foreach (var e in remains.Events)
        {
            switch (e.EventTypeCase)
            {
                case Kind.WorkflowStarted: ofThisTurn.Clear(); break;
                case Kind.TaskScheduled or Kind.TimerCreated or Kind.ChildWorkflowInstanceCreated:
                    if (!_made.Add(e.EventId))
                        Fault($"id {e.EventId} is given twice");
                    ofThisTurn.Add(e.EventId);
                    _open[e.EventId] = e;
                    break;
                case Kind.TaskCompleted: End(e.TaskCompleted.TaskScheduledId, Kind.TaskScheduled, made => CheckResult(made, e.TaskCompleted)); break;
                case Kind.TaskFailed: End(e.TaskFailed.TaskScheduledId, Kind.TaskScheduled, made => CheckFailure(made.TaskScheduled)); break;
                case Kind.TimerFired: End(e.TimerFired.TimerId, Kind.TimerCreated, made => CheckTimer(made, e)); break;
                case Kind.ChildWorkflowInstanceCompleted: End(e.ChildWorkflowInstanceCompleted.TaskScheduledId, Kind.ChildWorkflowInstanceCreated); break;
                case Kind.ChildWorkflowInstanceFailed: End(e.ChildWorkflowInstanceFailed.TaskScheduledId, Kind.ChildWorkflowInstanceCreated); break;
            }
        }
        // These workflows wait for all they ask for, but for timers of events that came.
        var left = _open.Values.Where(e => e.TimerCreated?.ExternalEvent is null).Select(e => e.EventId).ToList();
        if (left.Count > 0 && remains.Ended?.WorkflowStatus is OrchestrationStatus.Completed or OrchestrationStatus.Failed)
            Fault($"steps {string.Join(", ", left)} have no end");

        void End(int id, Kind kind, Action<HistoryEvent>? check = null)
        {
            if (!_open.Remove(id, out var made))
                Fault(_made.Contains(id) ? $"step {id} ends twice" : $"step {id} ends and was never made");
            else if (made.EventTypeCase != kind)
                Fault($"step {id} is {made.EventTypeCase} and ends as a {kind}");
            else if (ofThisTurn.Contains(id))
                Fault($"step {id} ends in the turn that made it");
            else
                check?.Invoke(made);
        }
    }

    private void CheckResult(HistoryEvent made, TaskCompletedEvent end)
    {
        var step = JsonSerializer.Deserialize<Step>(made.TaskScheduled.Input, JsonSerializerOptions.Web)!;
        if (end.Result != $"{step.Outcome(remains.Id)}")
            Fault($"step {made.EventId} ({step.Effect}) has the result {end.Result} instead of {step.Outcome(remains.Id)}");
        if (end.TaskExecutionId != made.TaskScheduled.TaskExecutionId)
            Fault($"step {made.EventId} was scheduled and ended with different execution ids");
    }

    private void CheckFailure(TaskScheduledEvent made)
    {
        if (made.Name == "Work")
            Fault("an activity that cannot fail has failed");
    }

    private void CheckTimer(HistoryEvent made, HistoryEvent fired)
    {
        if (!made.TimerCreated.FireAt.Equals(fired.TimerFired.FireAt) || fired.Timestamp.CompareTo(made.TimerCreated.FireAt) < 0)
            Fault($"timer {made.EventId} for {made.TimerCreated.FireAt} fired as {fired.TimerFired.FireAt} at {fired.Timestamp}");
    }
}
