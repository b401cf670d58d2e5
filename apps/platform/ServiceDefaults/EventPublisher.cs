using ConcertDapr.Contracts;
using Dapr.Client;

namespace ConcertDapr.ServiceDefaults;

/// <summary>Publishes business events with derived ids, so that a repeated publish is recognised as the same event.</summary>
public sealed class EventPublisher(DaprClient dapr)
{
    /// <summary>Publishes to a topic of <see cref="Topics.PubSub"/>; throws where the broker did not take it.</summary>
    /// <param name="topic">A name of <see cref="Topics"/>.</param>
    /// <param name="eventId">The event's id, derived from what happened (<c>{paymentId}:completed</c>).</param>
    /// <param name="key">What must stay in order: events of one key share a partition.</param>
    /// <param name="data">The event.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public Task PublishAsync<T>(string topic, string eventId, string key, T data, CancellationToken cancellationToken = default) =>
        dapr.PublishEventAsync(Topics.PubSub, topic, data, new Dictionary<string, string>
        {
            ["cloudevent.id"] = eventId,
            ["cloudevent.type"] = Topics.TypeOf(topic),
            ["partitionKey"] = key,
        }, cancellationToken);
}
