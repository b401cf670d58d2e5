using ConcertDapr.Sidecar.Components;
using ConcertDapr.Sidecar.Resilience;

namespace ConcertDapr.Sidecar.PubSub;

/// <summary>A message as a component delivers it.</summary>
/// <param name="Metadata">What the publisher sent along.</param>
internal sealed record BusMessage(string Topic, ReadOnlyMemory<byte> Data, IReadOnlyDictionary<string, string> Metadata);

/// <summary>Handles one message; an exception means that it was not handled.</summary>
internal delegate Task BusHandler(BusMessage message, CancellationToken cancellationToken);

/// <summary>A pub/sub component.</summary>
internal interface IPubSub
{
    /// <param name="metadata">Null where the publisher's protocol knows of none (gRPC), which is not the same as none (HTTP).</param>
    Task PublishAsync(
        string topic, ReadOnlyMemory<byte> data, IReadOnlyDictionary<string, string>? metadata, CancellationToken cancellationToken);

    /// <summary>
    /// Begins to deliver the topic's messages to <paramref name="handler"/>; returns once the subscription stands.
    /// Disposing the subscription stops new deliveries and waits for those under way.
    /// </summary>
    Task<IAsyncDisposable> SubscribeAsync(string topic, BusHandler handler, CancellationToken cancellationToken);
}

/// <summary>A subscription of which a part lives on while the app is unhealthy.</summary>
internal interface IPausable : IAsyncDisposable
{
    /// <summary>Stops deliveries and waits for those under way.</summary>
    Task PauseAsync();
}

/// <summary>A configured pub/sub component.</summary>
internal sealed record PubSubComponent(
    ComponentSpec Spec, IPubSub Bus, TopicAccess Access, ResiliencePolicy Outbound, ResiliencePolicy Inbound)
{
    public string Name => Spec.Name;
}
