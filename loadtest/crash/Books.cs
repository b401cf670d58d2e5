using ConcertDapr.Wire.Workflows;
using Kind = ConcertDapr.Wire.Workflows.HistoryEvent.EventTypeOneofCase;

namespace ConcertDapr.Crash;

/// <summary>Compares all that is left at the end with what was asked for: plans, histories of parents and children, the ledger.</summary>
internal sealed class Books(IReadOnlyList<Plan> plans, IReadOnlyDictionary<string, Remains> remains, IReadOnlyList<Effect> ledger)
{
    private readonly List<string> _faults = [];

    public static IReadOnlyList<string> Check(IReadOnlyList<Plan> plans, IReadOnlyDictionary<string, Remains> remains, IReadOnlyList<Effect> ledger)
    {
        var books = new Books(plans, remains, ledger);
        foreach (var one in remains.Values)
        {
            books._faults.AddRange(HistoryChecker.Check(one));
            books.CheckChildren(one);
            books.CheckDone(one);
        }
        books.CheckLedger();
        books.CheckPlans();
        return books._faults;
    }

    /// <summary>A parent's history says of its child what the child's history says; nobody is without a plan or a parent.</summary>
    private void CheckChildren(Remains parent)
    {
        foreach (var created in parent.Of(Kind.ChildWorkflowInstanceCreated))
        {
            var id = created.ChildWorkflowInstanceCreated.InstanceId;
            if (!remains.TryGetValue(id, out var child))
            {
                _faults.Add($"{parent.Id}: its child {id} does not exist");
                continue;
            }
            var link = child.Started?.ParentInstance;
            if (link?.WorkflowInstance.InstanceId != parent.Id || link.TaskScheduledId != created.EventId
                || link.WorkflowInstance.ExecutionId != parent.Started?.WorkflowInstance.ExecutionId)
                _faults.Add($"{id}: its parent is {link}, not step {created.EventId} of {parent.Id}");
            if (parent.Of(Kind.ChildWorkflowInstanceCompleted).FirstOrDefault(e => e.ChildWorkflowInstanceCompleted.TaskScheduledId == created.EventId)
                is { ChildWorkflowInstanceCompleted.Result: var told } && told != child.Ended?.Result)
                _faults.Add($"{parent.Id}: its child {id} ended with {child.Ended?.Result}, it was told {told}");
        }
        if (parent.Started?.ParentInstance is null && plans.All(plan => plan.Id != parent.Id))
            _faults.Add($"{parent.Id}: nobody asked for it");
    }

    /// <summary>Results in a history are effects in the ledger.</summary>
    private void CheckDone(Remains one)
    {
        var count = one.Of(Kind.TaskCompleted).Count();
        var effects = ledger.Where(effect => effect.Instance == one.Id).Select(effect => effect.Name).Distinct().Count();
        if (effects < count)
            _faults.Add($"{one.Id}: {count} activities ended well, the ledger has {effects} of them");
    }

    /// <summary>An effect may be repeated, never with another value.</summary>
    private void CheckLedger()
    {
        foreach (var group in ledger.GroupBy(effect => (effect.Instance, effect.Name)))
            if (group.Select(effect => effect.Value).Distinct().Count() > 1)
                _faults.Add($"{group.Key.Instance}: effect {group.Key.Name} has the values {string.Join(", ", group.Select(effect => effect.Value))}");
    }

    private void CheckPlans()
    {
        var found = ledger.GroupBy(effect => (effect.Instance, effect.Name)).ToDictionary(group => group.Key, group => group.First().Value);
        foreach (var plan in plans)
        {
            foreach (var (key, value) in plan.Effects)
                if (found.TryGetValue(key, out var done) ? done != value : plan.Output is not null)
                    _faults.Add($"{key.Instance}: effect {key.Name} should be {value} and is {(done == 0 ? "missing" : done)}");
            if (plan.IsPurged)
            {
                foreach (var id in plan.Effects.Keys.Select(key => key.Instance).Append(plan.Id).Distinct().Where(remains.ContainsKey))
                    _faults.Add($"{id}: was purged and is still there");
                continue;
            }
            if (!remains.TryGetValue(plan.Id, out var one))
                _faults.Add($"{plan.Id}: was started and is gone");
            else
                CheckEnd(plan, one);
        }
    }

    private void CheckEnd(Plan plan, Remains one)
    {
        var wanted = plan.Output is null ? OrchestrationStatus.Terminated : OrchestrationStatus.Completed;
        if (one.Ended?.WorkflowStatus != wanted)
            _faults.Add($"{plan.Id}: ended as {one.Ended?.WorkflowStatus} {one.Ended?.FailureDetails}, not as {wanted}");
        else if (plan.Output is not null && one.Ended.Result != plan.Output)
            _faults.Add($"{plan.Id}: has the output {one.Ended.Result}, not {plan.Output}");
        if (plan.Kind == "Loop" && Generation(one) != Journeys.Rounds)
            _faults.Add($"{plan.Id}: has had {Generation(one)} executions, not {Journeys.Rounds}");
        if (plan.Kind == "Listener" && plan.Notes.Any(note => one.Of(Kind.EventRaised).All(e => e.EventRaised.Input != $"\"{note}\"")))
            _faults.Add($"{plan.Id}: an event that was raised is not in the history");
        if (plan.Kind == "Flaky" && one.Of(Kind.TaskScheduled).Count(e => e.TaskScheduled.Name == "Refuse") != Journeys.Refusals)
            _faults.Add($"{plan.Id}: the activity that fails was not tried {Journeys.Refusals} times");
    }

    private static int Generation(Remains one) =>
        one.Rows.TryGetValue("metadata", out var row) ? (int)WorkflowStateMetadata.Parser.ParseFrom(row).Generation : 0;
}
