using System.Text.Json;
using ConcertDapr.Sidecar.PubSub;

namespace ConcertDapr.Sidecar.Delivery;

/// <summary>What a streaming subscriber says to an event; <see cref="Gone"/>: it left before it said anything.</summary>
internal enum StreamVerdict { Success, Retry, Drop, Gone }

/// <summary>A subscription whose events go over an open stream.</summary>
/// <param name="Handler">Gets each event (the envelope) with the message it came in, and returns the subscriber's verdict.</param>
internal sealed record StreamSubscription(
    Subscription Subscription, Func<JsonElement, BusMessage, CancellationToken, Task<StreamVerdict>> Handler)
{
    /// <summary>A subscription for <see cref="Subscriptions.SubscribeStreamAsync"/>.</summary>
    public static StreamSubscription Create(string pubsub, string topic, string? deadLetterTopic,
        IReadOnlyDictionary<string, string> metadata, Func<JsonElement, BusMessage, CancellationToken, Task<StreamVerdict>> handler) =>
        new(new Subscription(pubsub, topic, [new RouteRule(null, "/")], string.IsNullOrEmpty(deadLetterTopic) ? null : deadLetterTopic,
            metadata, null, "STREAMING"), handler);
}

/// <summary>Delivery over a stream, with the same policies and dead letters as over HTTP.</summary>
internal sealed class StreamDelivery(StreamSubscription stream, PubSubComponent component, DeliveryContext context)
    : TopicDelivery(stream.Subscription, component, context)
{
    protected override async Task AttemptAsync(BusMessage message, CancellationToken cancellationToken)
    {
        using var document = Subscription.IsRaw
            ? JsonDocument.Parse(CloudEvents.WrapRaw(message, Subscription.PubSub))
            : Parse(message);
        if (IsExpired(document.RootElement)) throw new DroppedException("it has expired");
        switch (await stream.Handler(document.RootElement, message, cancellationToken))
        {
            case StreamVerdict.Retry:
                throw new RetryRequestedException($"RETRY status returned from app for an event of topic {message.Topic}");
            case StreamVerdict.Drop:
                throw new DroppedException($"DROP status returned from app for an event of topic {message.Topic}");
            case StreamVerdict.Gone:
                throw new KeepPendingException($"the stream ended before an event of topic {message.Topic} was answered");
        }
    }
}
