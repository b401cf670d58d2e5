using ConcertDapr.Payment;
using Dapr.Workflow;

namespace ConcertDapr.Tests;

public class ReconcilerTests
{
    [Theory]
    [InlineData(null, true)]
    [InlineData(WorkflowRuntimeStatus.Unknown, true)]
    [InlineData(WorkflowRuntimeStatus.Completed, true)]
    [InlineData(WorkflowRuntimeStatus.Failed, true)]
    [InlineData(WorkflowRuntimeStatus.Terminated, true)]
    [InlineData(WorkflowRuntimeStatus.Canceled, true)]
    [InlineData(WorkflowRuntimeStatus.Running, false)]
    [InlineData(WorkflowRuntimeStatus.Pending, false)]
    [InlineData(WorkflowRuntimeStatus.Suspended, false)]
    [InlineData(WorkflowRuntimeStatus.Stalled, false)]
    [InlineData(WorkflowRuntimeStatus.ContinuedAsNew, false)]
    public void A_saga_is_started_again_when_it_is_gone_or_over_and_its_payment_is_not(WorkflowRuntimeStatus? status, bool again) =>
        Reconciler.NeedsStart(status).ShouldBe(again);
}
