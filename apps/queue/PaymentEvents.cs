using ConcertDapr.Contracts;
using Dapr;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConcertDapr.Queue;

/// <summary>A payment that ended, either way, frees its fan's slot in the waiting room.</summary>
internal static class PaymentEvents
{
    public static void MapPaymentEvents(this WebApplication app)
    {
        app.MapPost("/events/payment-completed", FreeSlot).WithTopic(Subscription(Topics.PaymentCompleted));
        app.MapPost("/events/payment-failed", FreeSlot).WithTopic(Subscription(Topics.PaymentFailed));
    }

    internal static async Task<Ok> FreeSlot(PaymentEvent payment, RoomCalls calls)
    {
        if (payment.QueueSequence > 0) await calls.LeaveAsync(payment.ConcertId, payment.QueueSequence);
        return TypedResults.Ok();
    }

    private static TopicOptions Subscription(string topic) =>
        new() { PubsubName = Topics.PubSub, Name = topic, DeadLetterTopic = Topics.DeadLetter };
}
