using ConcertDapr.Sidecar.Components;

namespace ConcertDapr.Sidecar.Workflows;

/// <summary>The workflows as part of a sidecar.</summary>
internal static class WorkflowHosting
{
    /// <summary>The sidecar's workflows; null without an actor state store.</summary>
    public static WorkflowGate? Create(SidecarRuntime runtime)
    {
        if (runtime.ActorStateStore is not { } store)
            return null;
        var options = new WorkflowOptions(runtime.AppId, runtime.Namespace, (int)Math.Min(runtime.Options.MaxBodySize, int.MaxValue))
        {
            Tracing = runtime.Tracing,
            Spans = runtime.Spans,
            Retention = Retention(runtime.Configuration.Workflow?.At("stateRetentionPolicy")),
        };
        var gate = new WorkflowGate(options, store, runtime.Clock, runtime.Loggers, runtime.Options.ApiToken);
        runtime.Metadata.ConnectedWorkers = () => gate.ConnectedWorkers;
        return gate;
    }

    private static WorkflowRetention Retention(YamlDotNet.RepresentationModel.YamlNode? policy)
    {
        return new(Kept("anyTerminal"), Kept("completed"), Kept("failed"), Kept("terminated"));

        TimeSpan? Kept(string name) => policy.Text(name) is not { Length: > 0 } text ? null
            : DurationText.TryParseGo(text, out var kept) ? kept
            : throw new SidecarStartException($"workflow.stateRetentionPolicy.{name}: '{text}' is no duration");
    }
}
