using ConcertDapr.Wire.Workflows;

namespace Dapr.Workflow.Worker;

/// <summary>
/// Answers <c>IsPatched</c>: true where history says so, or where no history has gone past the question yet. The answer
/// must list every patch found true, in order: the sidecar compares it with history.
/// </summary>
internal sealed class PatchTracker(IEnumerable<HistoryEvent> past)
{
    private readonly HashSet<string> _inHistory =
        [.. past.SelectMany(e => e.WorkflowStarted?.Version?.Patches.AsEnumerable() ?? [])];

    private readonly Dictionary<string, bool> _answers = [];
    private readonly List<string> _applied = [];

    public bool IsPatched(string patch, bool isReplaying)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(patch);
        if (!_answers.TryGetValue(patch, out var patched))
            _answers[patch] = patched = _inHistory.Contains(patch) || !isReplaying;
        if (patched)
            _applied.Add(patch);
        return patched;
    }

    /// <summary>What the turn's answer says; null when no patch was found true.</summary>
    public WorkflowVersion? Version(string workflowName) =>
        _applied.Count == 0 ? null : new WorkflowVersion { Name = workflowName, Patches = { _applied } };
}
