namespace ConcertDapr.Sidecar.Workflows;

/// <content>For whoever moves the clock: whether all that is due has been done.</content>
public sealed partial class WorkflowEngine
{
    private int _background;
    private long _version;

    /// <summary>Changes whenever something is set in motion: two equal readings mean that nothing was in between.</summary>
    internal long Version => Interlocked.Read(ref _version);

    /// <summary>Something that is under way or due; null when every instance waits for a later moment or for an event.</summary>
    internal async Task<string?> FindUndoneAsync(CancellationToken cancellationToken)
    {
        if (_due.HasDue || Volatile.Read(ref _background) > 0)
            return "a follow-up of a workflow";
        foreach (var instance in _instances.Values)
        {
            await instance.Gate.WaitAsync(cancellationToken);
            try
            {
                if (!instance.IsEvicted && WhatIsUndone(instance) is { } undone)
                    return undone + (ConnectedWorkers == 0 ? ", for which no worker is connected" : "");
            }
            finally
            {
                instance.Gate.Release();
            }
        }
        return null;
    }

    private static string? WhatIsUndone(Instance instance) =>
        instance.Phase is TurnPhase.Queued or TurnPhase.Out ? $"a turn of workflow {instance.Id}"
        : instance.Dispatched.Count > 0 || instance.State is { IsTerminal: false, Activities.Count: > 0 } ? $"an activity of workflow {instance.Id}"
        : null;
}
