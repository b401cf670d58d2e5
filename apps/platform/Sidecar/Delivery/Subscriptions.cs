using System.Collections.Concurrent;
using ConcertDapr.Sidecar.PubSub;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar.Delivery;

/// <summary>The subscriptions of one sidecar: which there are, and their start and stop with the app's health.</summary>
internal sealed class Subscriptions(
    IReadOnlyDictionary<string, PubSubComponent> components, DeliveryContext context, IReadOnlyList<Subscription> declarative) : IAsyncDisposable
{
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly ConcurrentDictionary<StreamSubscription, IAsyncDisposable> streams = new();
    private readonly List<IAsyncDisposable> active = [];
    private readonly List<IPausable> paused = [];
    private IReadOnlyList<Subscription> known = Merge(declarative, []);
    private bool started;

    /// <summary>Every subscription known, streams included.</summary>
    public IReadOnlyList<Subscription> All => [.. known, .. streams.Keys.Select(stream => stream.Subscription)];

    /// <summary>Adds the app's own list: its last entry for a topic wins, also over a manifest's.</summary>
    public void Add(IReadOnlyList<Subscription> programmatic) => known = Merge(declarative, programmatic);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            if (started) return;
            started = true;
            await EndAsync(paused);
            foreach (var subscription in known)
                if (await SubscribeAsync(subscription, cancellationToken) is { } running) active.Add(running);
            if (active.Count > 0) context.Log.Subscribed(string.Join(" ", known.Select(one => one.Topic)));
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Stops new deliveries while the app is unhealthy, and waits for those under way.</summary>
    public async Task PauseAsync()
    {
        await turn.WaitAsync();
        try
        {
            started = false;
            paused.AddRange(active.OfType<IPausable>());
            active.RemoveAll(subscription => subscription is IPausable);
            await Task.WhenAll(paused.Select(subscription => subscription.PauseAsync()));
            await EndAsync(active);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Stops new deliveries and waits for those under way.</summary>
    public async Task StopAsync()
    {
        await turn.WaitAsync();
        try
        {
            started = false;
            await EndAsync(active);
            await EndAsync(paused);
            await Task.WhenAll(streams.Keys.Select(EndAsync));
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>
    /// A subscription whose events go to <paramref name="handler"/> instead of the app's HTTP port (gRPC streaming).
    /// Disposing the result ends it.
    /// </summary>
    /// <exception cref="Api.DaprError">Unknown pub/sub, or a topic the app may not subscribe.</exception>
    public async Task<IAsyncDisposable> SubscribeStreamAsync(StreamSubscription stream, CancellationToken cancellationToken)
    {
        if (!components.TryGetValue(stream.Subscription.PubSub, out var component))
            throw new Api.DaprError(404, "ERR_PUBSUB_NOT_FOUND", Grpc.Core.StatusCode.InvalidArgument, $"pubsub {stream.Subscription.PubSub} is not found")
            {
                Details = [new Api.ErrorDetail.Info("DAPR_PUBSUB_NOT_FOUND", null)],
            };
        if (!component.Access.MaySubscribe(stream.Subscription.Topic))
            throw new Api.DaprError(403, "ERR_PUBSUB_FORBIDDEN", Grpc.Core.StatusCode.Unknown, $"subscription to topic {stream.Subscription.Topic} on pubsub {component.Name} is not allowed");
        var delivery = new StreamDelivery(stream, component, context);
        var running = await component.Bus.SubscribeAsync(stream.Subscription.Topic, delivery.HandleAsync, cancellationToken);
        streams[stream] = running;
        return new Ending(() => EndAsync(stream));
    }

    private async Task EndAsync(StreamSubscription stream)
    {
        if (streams.TryRemove(stream, out var running)) await running.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        turn.Dispose();
    }

    /// <summary>One subscription per topic: the first manifest, unless the app lists the topic, then its last entry.</summary>
    private static List<Subscription> Merge(IReadOnlyList<Subscription> declarative, IReadOnlyList<Subscription> programmatic)
    {
        var merged = new OrderedDictionary<(string, string), Subscription>();
        foreach (var subscription in declarative) merged.TryAdd((subscription.PubSub, subscription.Topic), subscription);
        foreach (var subscription in programmatic.Where(one => one.Rules.Count > 0)) merged[(subscription.PubSub, subscription.Topic)] = subscription;
        return [.. merged.Values];
    }

    private static async Task EndAsync<T>(List<T> subscriptions) where T : IAsyncDisposable
    {
        await Task.WhenAll(subscriptions.Select(subscription => subscription.DisposeAsync().AsTask()));
        subscriptions.Clear();
    }

    private async Task<IAsyncDisposable?> SubscribeAsync(Subscription subscription, CancellationToken cancellationToken)
    {
        if (!components.TryGetValue(subscription.PubSub, out var component))
        {
            context.Log.SubscribeFailed(subscription.PubSub, subscription.Topic, "no such pub/sub component");
            return null;
        }
        if (!component.Access.MaySubscribe(subscription.Topic))
        {
            context.Log.SubscribeFailed(subscription.PubSub, subscription.Topic, "the app is not allowed to subscribe to it");
            return null;
        }
        var delivery = subscription.Bulk is null
            ? new TopicDelivery(subscription, component, context)
            : new BulkDelivery(subscription, component, context);
        try
        {
            return await component.Bus.SubscribeAsync(subscription.Topic, delivery.HandleAsync, cancellationToken);
        }
        catch (Exception e) when (e is Redis.RedisServerException or Redis.RedisConnectionException)
        {
            context.Log.SubscribeFailed(subscription.PubSub, subscription.Topic, e.Message);
            return null;
        }
    }

    private sealed class Ending(Func<Task> end) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await end();
    }
}
