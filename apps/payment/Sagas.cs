using System.Collections.Concurrent;
using ConcertDapr.Contracts;
using Dapr.Workflow;
using Grpc.Core;

namespace ConcertDapr.Payment;

/// <summary>Starts sagas and waits for them, never without a deadline.</summary>
internal sealed class Sagas(DaprWorkflowClient workflows, PaymentStore payments, PaymentPolicy policy, TimeProvider clock, ILogger<Sagas> log)
{
    private static readonly TimeSpan s_lookEvery = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<PaymentId, TaskCompletionSource> _waiting = new();

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
        var ended = _waiting.GetOrAdd(id, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
        try
        {
            while (true)
            {
                // Told by the activity that ends it where that runs in this replica; looked up where it runs in another, or ended already.
                var row = (await payments.FindAsync(id))!;
                if (row.IsOver || deadline.IsCancellationRequested) return row;
                await Task.WhenAny(ended.Task, Task.Delay(s_lookEvery, clock, deadline.Token));
            }
        }
        finally
        {
            _waiting.TryRemove(id, out _);
        }
    }

    /// <summary>A payment's end was recorded: whoever waits for it in this replica goes on.</summary>
    public void Ended(PaymentId id)
    {
        if (_waiting.TryRemove(id, out var waiting)) waiting.TrySetResult();
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
