using System.Diagnostics;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Dapr.Workflow;

namespace ConcertDapr.Payment;

// The saga's steps. Each may run more than once, also late: effects are found again by the payment's id. Expected refusals
// are results; an exception means "try again".

/// <summary>A step whose attempts are measured.</summary>
internal abstract class SagaStep<TInput, TResult> : WorkflowActivity<TInput, TResult>
{
    /// <inheritdoc/>
    public sealed override async Task<TResult> RunAsync(WorkflowActivityContext context, TInput input)
    {
        var (began, outcome) = (Stopwatch.GetTimestamp(), "failed");
        try
        {
            var result = await DoAsync(input);
            outcome = result is StepResult { Code: not null } ? "refused" : "done";
            return result;
        }
        finally
        {
            PaymentMetrics.Attempted(GetType().Name, outcome, began);
        }
    }

    /// <summary>Does it, or finds that it was done before.</summary>
    protected abstract Task<TResult> DoAsync(TInput input);
}

/// <summary>Does the reservation still stand, is it this fan's, does the amount match?</summary>
internal sealed class CheckReservation(Neighbours neighbours, PaymentStore payments) : SagaStep<PaymentOrder, StepResult>
{
    protected override async Task<StepResult> DoAsync(PaymentOrder input)
    {
        var check = await neighbours.CheckAsync(input.ReservationId);
        return await payments.BeginAsync(input.PaymentId, nameof(CheckReservation), Judge(check, input));
    }

    /// <summary>Whether a reservation can be paid by an order. A confirmed one may be this saga's own work, repeated: confirm will tell.</summary>
    internal static StepResult Judge(ReservationCheck? check, PaymentOrder order) => check switch
    {
        null => new("RESERVATION_NOT_FOUND"),
        _ when check.UserId != order.UserId => new("NOT_YOUR_RESERVATION"),
        _ when check.Amount != order.Amount => new("AMOUNT_MISMATCH"),
        { Status: ReservationStatus.Cancelled } => new("RESERVATION_CANCELLED"),
        { Status: ReservationStatus.Expired } => new("RESERVATION_EXPIRED"),
        _ => StepResult.Done,
    };
}

/// <summary>Spends the points.</summary>
internal sealed class UsePoints(Neighbours neighbours, PaymentStore payments) : SagaStep<PaymentOrder, StepResult>
{
    protected override async Task<StepResult> DoAsync(PaymentOrder input) =>
        await payments.RecordAsync(input.PaymentId, nameof(UsePoints), await neighbours.UsePointsAsync(new(input.UserId, input.PaymentId, input.Amount)));
}

/// <summary>Turns the held seats into tickets.</summary>
internal sealed class ConfirmSeats(Neighbours neighbours, PaymentStore payments) : SagaStep<PaymentOrder, StepResult>
{
    protected override async Task<StepResult> DoAsync(PaymentOrder input) =>
        await payments.RecordAsync(input.PaymentId, nameof(ConfirmSeats), await neighbours.ConfirmAsync(new(input.ReservationId, input.PaymentId)));
}

/// <summary>Records success, then announces it.</summary>
internal sealed class CompletePayment(PaymentStore payments, Sagas sagas, EventPublisher events, TimeProvider clock) : SagaStep<PaymentOrder, object?>
{
    protected override async Task<object?> DoAsync(PaymentOrder input)
    {
        await payments.EndAsync(input.PaymentId, PaymentStatus.Completed, null, nameof(CompletePayment));
        sagas.Ended(input.PaymentId);
        await events.PublishAsync(Topics.PaymentCompleted, $"{input.PaymentId}:completed", input.ConcertId.ToString(), Ended.Event(input, null, clock));
        return null;
    }
}

/// <summary>Gives the points back, or bars a charge that has yet to arrive.</summary>
internal sealed class RefundPoints(Neighbours neighbours, PaymentStore payments) : SagaStep<PaymentOrder, object?>
{
    protected override async Task<object?> DoAsync(PaymentOrder input)
    {
        await payments.RecordAsync(input.PaymentId, nameof(RefundPoints), await neighbours.RefundPointsAsync(new(input.UserId, input.PaymentId)));
        return null;
    }
}

/// <summary>Gives the seats back.</summary>
internal sealed class ReleaseSeats(Neighbours neighbours, PaymentStore payments) : SagaStep<PaymentOrder, object?>
{
    protected override async Task<object?> DoAsync(PaymentOrder input)
    {
        await payments.RecordAsync(input.PaymentId, nameof(ReleaseSeats), await neighbours.ReleaseAsync(new(input.ReservationId, input.PaymentId)));
        return null;
    }
}

/// <summary>Records failure, then announces it. Everything is undone by now.</summary>
internal sealed class FailPayment(PaymentStore payments, Sagas sagas, EventPublisher events, TimeProvider clock) : SagaStep<PaymentEnd, object?>
{
    protected override async Task<object?> DoAsync(PaymentEnd input)
    {
        await payments.EndAsync(input.Order.PaymentId, PaymentStatus.Failed, input.Reason, nameof(FailPayment));
        sagas.Ended(input.Order.PaymentId);
        await events.PublishAsync(Topics.PaymentFailed, $"{input.Order.PaymentId}:failed", input.Order.ConcertId.ToString(),
            Ended.Event(input.Order, input.Reason, clock));
        return null;
    }
}

/// <summary>Makes a compensation that could not finish visible: a status, a metric, and the reconciler tries on.</summary>
internal sealed class MarkStuck(PaymentStore payments, ILogger<MarkStuck> log) : SagaStep<PaymentEnd, object?>
{
    protected override async Task<object?> DoAsync(PaymentEnd input)
    {
        await payments.EndAsync(input.Order.PaymentId, PaymentStatus.CompensationStuck, input.Reason, nameof(MarkStuck));
        log.CompensationStuck(input.Order.PaymentId, input.Reason);
        return null;
    }
}

internal static class Ended
{
    public static PaymentEvent Event(PaymentOrder order, string? reason, TimeProvider clock) =>
        new(order.PaymentId, order.ReservationId, order.UserId, order.ConcertId, order.Amount, order.QueueSequence, clock.GetUtcNow(), reason, order.QueueTarget);
}
