using System.Text.Json;
using ConcertDapr.Contracts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConcertDapr.Notification;

/// <summary>
/// Takes the business events as whole CloudEvents (the id is what makes a repetition recognisable) and delivers them. A
/// delivery that fails answers 500: the inbound policy tries again, then the dead-letter topic keeps it.
/// </summary>
internal static class EventEndpoints
{
    private static readonly string[] s_topics =
    [
        Topics.ReservationHeld, Topics.ReservationConfirmed, Topics.ReservationReleased, Topics.ReservationExpired, Topics.PaymentCompleted, Topics.PaymentFailed,
    ];

    public static void MapBusinessEvents(this WebApplication app)
    {
        foreach (var topic in s_topics)
            app.MapPost($"/events/{topic}", (JsonElement envelope, Courier courier) => Deliver(topic, envelope, courier));
        app.MapPost("/events/dead-letter", Bury);
    }

    /// <summary>Delivers again what could not be delivered; answers how many went out and how many are still open.</summary>
    public static void MapReplay(this WebApplication app) => app.MapPost("/replay", Replay);

    internal static async Task<Ok> Deliver(string topic, JsonElement envelope, Courier courier)
    {
        await courier.DeliverAsync(new(IdOf(envelope), topic, envelope.GetProperty("data").GetRawText()));
        return TypedResults.Ok();
    }

    /// <summary>Keeps a dead letter of whatever service as an open delivery, for people to look at and replay.</summary>
    internal static async Task<Ok> Bury(JsonElement envelope, DeliveryStore deliveries)
    {
        var topic = envelope.TryGetProperty("topic", out var t) ? t.GetString()! : Topics.DeadLetter;
        var payload = envelope.TryGetProperty("data", out var data) ? data.GetRawText() : envelope.GetRawText();
        await deliveries.ReceiveAsync(new(IdOf(envelope), topic, payload), "dead-letter");
        NotificationMetrics.DeadLetters.Add();
        return TypedResults.Ok();
    }

    internal static async Task<Ok<ReplayResult>> Replay(Courier courier) => TypedResults.Ok(await courier.ReplayAsync());

    private static string IdOf(JsonElement envelope) => envelope.GetProperty("id").GetString()!;
}
