using System.Security.Cryptography;
using ConcertDapr.Wire.Workflows;

namespace ConcertDapr.Sidecar.Workflows;

/// <summary>W3C trace contexts of workflow events; present where tracing is configured or the caller sent one.</summary>
internal static class Trace
{
    public static string NewSpanId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    /// <summary>The first span of a sampled trace.</summary>
    public static TraceContext NewTrace() => new()
    {
        TraceParent = $"00-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}-{NewSpanId()}-01",
    };

    /// <summary>The context under which a workflow's activities and children run, or null.</summary>
    public static TraceContext? OfWorkflow(HistoryEvent? started) =>
        started?.ExecutionStarted is { ParentTraceContext: { } parent, WorkflowSpanId: { } span } ? WithSpan(parent, span) : null;

    /// <summary>The same trace with a new span, or null.</summary>
    public static TraceContext? Child(TraceContext? parent) => parent is null ? null : WithSpan(parent, NewSpanId());

    private static TraceContext? WithSpan(TraceContext parent, string span) => parent.TraceParent.Split('-') is [var version, var trace, _, var flags]
        ? new TraceContext { TraceParent = $"{version}-{trace}-{span}-{flags}", TraceState = parent.TraceState } : null;
}
