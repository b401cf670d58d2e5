using ConcertDapr.Wire.Otlp;
using ConcertDapr.Wire.Workflows;

namespace ConcertDapr.Sidecar.Workflows;

/// <content>Spans of what has ended: a start, an activity, a whole workflow. Their contexts are those that the events carry.</content>
public sealed partial class WorkflowEngine
{
    private void RecordCreation(CreateInstanceRequest request, InstanceState state, DateTimeOffset since)
    {
        if (_options.Spans is not { } spans || state.Started?.ExecutionStarted.ParentTraceContext is not { } created) return;
        spans.Add($"CreateWorkflow/{request.Name}", Span.Types.SpanKind.Server, request.ParentTraceContext?.TraceParent, created.TraceParent, since, failed: false);
    }

    private void RecordActivity(Dispatch dispatch, bool failed)
    {
        if (_options.Spans is not { } spans || dispatch.Trace is not { } trace) return;
        var task = dispatch.Ticket.Scheduled.TaskScheduled;
        spans.Add($"Activity/{task.Name}", Span.Types.SpanKind.Client, task.ParentTraceContext.TraceParent, trace.TraceParent, dispatch.Since, failed);
    }

    private void RecordWorkflow(InstanceState state)
    {
        if (_options.Spans is not { } spans || state.Started is not { } started || Trace.OfWorkflow(started) is not { } trace) return;
        var start = started.ExecutionStarted;
        var failed = state.Completed!.ExecutionCompleted.WorkflowStatus != OrchestrationStatus.Completed;
        spans.Add($"Workflow/{start.Name}", Span.Types.SpanKind.Internal, start.ParentTraceContext.TraceParent, trace.TraceParent,
            EventClock.ToMoment(started.Timestamp), failed);
    }
}
