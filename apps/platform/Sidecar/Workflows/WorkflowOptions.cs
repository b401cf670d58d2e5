namespace ConcertDapr.Sidecar.Workflows;

/// <summary>How long finished instances are kept, from the Configuration's <c>workflow.stateRetentionPolicy</c>; null keeps them.</summary>
public sealed record WorkflowRetention(
    TimeSpan? AnyTerminal = null, TimeSpan? Completed = null, TimeSpan? Failed = null, TimeSpan? Terminated = null);

/// <summary>Settings of a <see cref="WorkflowEngine"/>.</summary>
/// <param name="AppId">The app whose workflows these are; part of every key.</param>
/// <param name="Namespace">Dapr's namespace; <c>default</c> when self-hosted.</param>
/// <param name="MaxMessageSize">Bytes a work item may have; at 95 % of it an instance stalls.</param>
public sealed record WorkflowOptions(string AppId, string Namespace = "default", int MaxMessageSize = 4 * 1024 * 1024)
{
    /// <summary>Whether the Configuration samples traces: then every workflow has a trace.</summary>
    public bool Tracing { get; init; }

    /// <summary>Takes the spans of workflows and activities; null exports none.</summary>
    internal Telemetry.SpanExporter? Spans { get; init; }

    /// <summary>When finished instances are purged.</summary>
    public WorkflowRetention Retention { get; init; } = new();
}
