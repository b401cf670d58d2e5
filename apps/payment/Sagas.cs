using ConcertDapr.Contracts;
using Dapr.Workflow;
using Grpc.Core;

namespace ConcertDapr.Payment;

/// <summary>Starts sagas and waits for them, never without a deadline.</summary>
internal sealed class Sagas(DaprWorkflowClient workflows, PaymentStore payments, PaymentPolicy policy, TimeProvider clock, ILogger<Sagas> log)
{
    /// <summary>Starts the saga of a payment whose row exists; false where the runtime did not take it in time (the reconciler will).</summary>
    public async Task<bool> StartAsync(PaymentOrder order)
    {
        using var deadline = new CancellationTokenSource(policy.CallFor, clock);
        try
        {
            await workflows.ScheduleNewWorkflowAsync(nameof(PaymentWorkflow), order.PaymentId.ToString(), order, (DateTimeOffset?)null, deadline.Token);
            return true;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.AlreadyExists)
        {
            return true;
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException)
        {
            log.StartFailed(e, order.PaymentId);
            return false;
        }
    }

    /// <summary>Waits for the saga's end as long as a request may; returns the row as it is then.</summary>
    public async Task<PaymentRow> WaitAsync(PaymentId id)
    {
        using var deadline = new CancellationTokenSource(policy.WaitFor, clock);
        try
        {
            await workflows.WaitForWorkflowCompletionAsync(id.ToString(), getInputsAndOutputs: false, deadline.Token);
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException)
        {
            // Not yet, or nobody to ask: the row tells how far it is.
            log.NotYetOver(id, e.Message);
        }
        return (await payments.FindAsync(id))!;
    }

    /// <summary>What the runtime knows of a payment's workflow.</summary>
    public async Task<WorkflowRuntimeStatus?> StatusAsync(PaymentId id)
    {
        using var deadline = new CancellationTokenSource(policy.CallFor, clock);
        var state = await workflows.GetWorkflowStateAsync(id.ToString(), getInputsAndOutputs: true, deadline.Token);
        if (state is { FailureDetails: { } failure }) log.SagaFaulted(id, failure.ErrorType, failure.ErrorMessage);
        return state is { Exists: true } ? state.RuntimeStatus : null;
    }
}
