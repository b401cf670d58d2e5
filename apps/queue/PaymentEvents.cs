using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults.Rooms;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConcertDapr.Queue;

/// <summary>
/// A payment that ended, either way, frees its fan's slot in the waiting room. Where the gateway saw the end it did so already.
/// </summary>
internal static class PaymentEvents
{
    public static void MapPaymentEvents(this WebApplication app)
    {
        app.MapPost("/events/payment-completed", FreeSlot);
        app.MapPost("/events/payment-failed", FreeSlot);
    }

    internal static async Task<Ok> FreeSlot(PaymentEvent payment, RoomCalls calls, RoomSnapshots snapshots)
    {
        // A place that is over stays over, however old the reading in memory.
        var target = payment.QueueTarget ?? payment.ConcertId;
        var isOver = payment.QueueSequence < 1 || (await snapshots.GetAsync(target))?.HasLeft(payment.QueueSequence) == true;
        if (!isOver) await calls.LeaveAsync(target, payment.QueueSequence);
        return TypedResults.Ok();
    }
}
