using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace ConcertDapr.Payment;

/// <summary>Paying (behind the gateway).</summary>
internal static class PaymentEndpoints
{
    public static void MapPayments(this WebApplication app)
    {
        app.MapPost("/payments", Pay);
        app.MapGet("/payment", One);
    }

    internal static async Task<Results<Ok<PaymentResponse>, Accepted<PaymentResponse>, ProblemHttpResult>> Pay(Caller caller, AdmittedPlace place,
        IdempotencyKey key, [FromHeader(Name = "Prefer")] string? prefer, PaymentRequest request, HttpResponse response, Neighbours neighbours, PaymentStore payments,
        Sagas sagas)
    {
        if (request.Amount.Value < 1) return Problem.Invalid("amount", "A positive amount is expected.");
        var visit = new Visit(place, response);
        var id = PaymentId.For(caller.User, key.Value, request.ReservationId);
        // Asked meanwhile; a repeated request does not need the answer.
        var checking = neighbours.CheckAsync(request.ReservationId);
        if (await payments.FindAsync(id) is { } first) return await JoinAsync(first, request, prefer, visit, sagas);
        if (place.Target is null) return Problem.Of(403, "QUEUE_TOKEN_EXPIRED", "The session is over: join the waiting room again.", "Queue-Token");

        var check = await checking;
        var order = new PaymentOrder(id, caller.User, request.ReservationId, check?.ShowId.Concert ?? default, request.Amount, place.Sequence, place.Target);
        if (Refuse(check, order, place) is { } refusal) return refusal;
        switch (await payments.AddAsync(order))
        {
            case AddVerdict.AnotherPayment:
                return Problem.Of(409, "PAYMENT_EXISTS", "Another payment of this reservation is under way or done.", "reservationId");
            case AddVerdict.Exists:
                return await JoinAsync((await payments.FindAsync(id))!, request, prefer, visit, sagas);
        }
        await sagas.StartAsync(order);
        return await AnswerAsync(new(order, PaymentStatus.Pending, null), prefer, visit, sagas);
    }

    internal static async Task<Results<Ok<PaymentResponse>, ProblemHttpResult>> One(Caller caller, PaymentId paymentId, PaymentStore payments)
    {
        if (await payments.FindAsync(paymentId) is not { } row) return Problem.NotFound("PAYMENT_NOT_FOUND", "There is no such payment.", "paymentId");
        if (row.Order.UserId != caller.User) return Problem.Of(403, "NOT_YOUR_PAYMENT", "This payment is somebody else's.", "paymentId");
        return TypedResults.Ok(row.ToResponse(await payments.StepsAsync(paymentId)));
    }

    private static async Task<Results<Ok<PaymentResponse>, Accepted<PaymentResponse>, ProblemHttpResult>> JoinAsync(PaymentRow first, PaymentRequest request,
        string? prefer, Visit visit, Sagas sagas) =>
        first.Order.ReservationId == request.ReservationId && first.Order.Amount == request.Amount
            ? await AnswerAsync(first, prefer, visit, sagas)
            : Problem.Of(422, "IDEMPOTENCY_KEY_REUSED", "This key came with another request before.", "Idempotency-Key");

    private static async Task<Results<Ok<PaymentResponse>, Accepted<PaymentResponse>, ProblemHttpResult>> AnswerAsync(PaymentRow row, string? prefer, Visit visit, Sagas sagas)
    {
        var wants = prefer?.Contains("respond-async", StringComparison.OrdinalIgnoreCase) == true;
        if (!row.IsOver && !wants) row = await sagas.WaitAsync(row.Order.PaymentId);
        if (row.IsOver) visit.EndBy(row.Order);
        return row.IsOver
            ? TypedResults.Ok(row.ToResponse())
            : TypedResults.Accepted($"/api/v1/payments/{row.Order.PaymentId}", row.ToResponse());
    }

    private static ProblemHttpResult? Refuse(ReservationCheck? check, PaymentOrder order, AdmittedPlace place)
    {
        if (check is null) return Problem.NotFound("RESERVATION_NOT_FOUND", "There is no such reservation.", "reservationId");
        if (check.UserId != order.UserId) return Problem.Of(403, "NOT_YOUR_RESERVATION", "This reservation is somebody else's.", "reservationId");
        if (!place.Admits(order.ConcertId)) return Problem.Of(403, "QUEUE_TOKEN_FOREIGN", "The queue token is for another concert.", "Queue-Token");
        if (check.Amount != order.Amount) return Problem.Invalid("amount", $"The price is {check.Amount}.", "AMOUNT_MISMATCH");
        return check.Status switch
        {
            ReservationStatus.Held => null,
            ReservationStatus.Confirmed => Problem.Of(409, "ALREADY_PAID", "The reservation is paid.", "reservationId"),
            ReservationStatus.Expired => Problem.Of(409, "RESERVATION_EXPIRED", "The hold ran out.", "reservationId"),
            _ => Problem.Of(409, "RESERVATION_CANCELLED", "The reservation was cancelled.", "reservationId"),
        };
    }

    /// <summary>The visit that a request is part of. Only the payment that it led to ends it, not a repetition of an earlier one.</summary>
    private sealed class Visit(AdmittedPlace place, HttpResponse response)
    {
        public void EndBy(PaymentOrder order)
        {
            if (order.QueueSequence == place.Sequence && (order.QueueTarget ?? order.ConcertId) == place.Target)
                response.Headers[TrustedHeaders.VisitEnded] = "true";
        }
    }
}
