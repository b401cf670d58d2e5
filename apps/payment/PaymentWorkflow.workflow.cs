using ConcertDapr.Contracts;
using Dapr.Workflow;

namespace ConcertDapr.Payment;

/// <summary>What a saga is about: all it needs, so that it can be started again from the payment's row alone.</summary>
internal sealed record PaymentOrder(PaymentId PaymentId, UserId UserId, ReservationId ReservationId, ConcertId ConcertId, Points Amount, long QueueSequence,
    ConcertId? QueueTarget = null);

/// <summary>A payment's end, with the reason where it failed.</summary>
internal sealed record PaymentEnd(PaymentOrder Order, string? Reason = null);

/// <summary>
/// Check the reservation, use points, confirm seats, complete. Until the seats are confirmed every failure is undone in
/// reverse; once they are, the saga only goes forward.
/// </summary>
internal sealed class PaymentWorkflow : Workflow<PaymentOrder, string>
{
    // All of them, always: each tolerates that its step never happened, an ambiguous step is undone too, and a saga that was
    // started again (its history lost with Redis) undoes what the first one did.
    private static readonly string[] s_compensations = [nameof(RefundPoints), nameof(ReleaseSeats)];

    private static readonly WorkflowTaskOptions s_step = Retry(attempts: 6, first: 0.1, most: 5);
    private static readonly WorkflowTaskOptions s_undo = Retry(attempts: 12, first: 0.2, most: 10);
    private static readonly WorkflowTaskOptions s_mustHappen = Retry(attempts: 100_000, first: 0.2, most: 10);

    /// <inheritdoc/>
    public override async Task<string> RunAsync(WorkflowContext context, PaymentOrder order)
    {
        var refusal = await TryAsync(context, nameof(CheckReservation), order);
        refusal ??= await TryAsync(context, nameof(UsePoints), order);
        refusal ??= await TryAsync(context, nameof(ConfirmSeats), order);
        if (refusal is not null) return await UndoAsync(context, new(order, refusal));

        await context.CallActivityAsync(nameof(CompletePayment), order, s_mustHappen);
        return nameof(PaymentStatus.Completed);
    }

    private static async Task<string> UndoAsync(WorkflowContext context, PaymentEnd end)
    {
        try
        {
            foreach (var compensation in s_compensations) await context.CallActivityAsync(compensation, end.Order, s_undo);
        }
        catch (WorkflowTaskFailedException)
        {
            await context.CallActivityAsync(nameof(MarkStuck), end, s_mustHappen);
            return nameof(PaymentStatus.CompensationStuck);
        }
        await context.CallActivityAsync(nameof(FailPayment), end, s_mustHappen);
        return nameof(PaymentStatus.Failed);
    }

    /// <summary>Runs a step; null when done, else why not. A step that cannot be carried out at all counts as refused.</summary>
    private static async Task<string?> TryAsync(WorkflowContext context, string step, PaymentOrder order)
    {
        try
        {
            return (await context.CallActivityAsync<StepResult>(step, order, s_step)).Code;
        }
        catch (WorkflowTaskFailedException)
        {
            return "STEP_FAILED";
        }
    }

    private static WorkflowTaskOptions Retry(int attempts, double first, double most) => new(new WorkflowRetryPolicy(attempts,
        TimeSpan.FromSeconds(first), backoffCoefficient: 2, maxRetryInterval: TimeSpan.FromSeconds(most)));
}
