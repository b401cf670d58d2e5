using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConcertDapr.Reservation;

/// <summary>What the payment's saga calls. No ids in paths; every call may be repeated.</summary>
internal static class SagaEndpoints
{
    public static void MapSagaSteps(this WebApplication app)
    {
        app.MapGet("/check", Check);
        app.MapPost("/confirm", Confirm);
        app.MapPost("/release", Release);
    }

    internal static async Task<Results<Ok<ReservationCheck>, ProblemHttpResult>> Check(ReservationId reservationId, ReservationStore rows, TimeProvider clock) =>
        await rows.FindAsync(reservationId) is { } row
            ? TypedResults.Ok(new ReservationCheck(row.Id, row.User, row.Show, row.Amount, row.StatusAt(clock.GetUtcNow()), row.ExpiresAt))
            : Problem.NotFound("RESERVATION_NOT_FOUND", "There is no such reservation.", "reservationId");

    internal static async Task<Ok<StepResult>> Confirm(ConfirmRequest request, Reservations reservations) =>
        TypedResults.Ok(await reservations.ConfirmAsync(request.ReservationId, request.PaymentId));

    internal static async Task<Ok<StepResult>> Release(ReleaseRequest request, Reservations reservations) =>
        TypedResults.Ok(await reservations.ReleaseAsync(request.ReservationId, request.PaymentId));
}
