using ConcertDapr.Wire.Workflows;

namespace Dapr.Workflow.Worker;

/// <summary>Outcomes of actions the code has not asked for yet; the first one of each id is kept.</summary>
internal sealed class EarlyOutcomes
{
    private readonly Dictionary<int, HistoryEvent> _byId = [];
    private readonly Dictionary<string, HistoryEvent> _byExecution = new(StringComparer.Ordinal);

    public void Keep(int id, string executionId, HistoryEvent outcome)
    {
        if (string.IsNullOrWhiteSpace(executionId))
            _byId.TryAdd(id, outcome);
        else
            _byExecution.TryAdd(executionId, outcome);
    }

    public HistoryEvent? TryTake(int id, string executionId = "") =>
        _byExecution.Remove(executionId, out var outcome) || _byId.Remove(id, out outcome) ? outcome : null;
}
