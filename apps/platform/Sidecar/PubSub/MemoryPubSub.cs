using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar.PubSub;

/// <summary>What a <c>pubsub.in-memory</c> component consists of: the listeners of all sidecars that share it.</summary>
internal sealed class MemoryBus
{
    private readonly ConcurrentDictionary<MemoryListener, byte> listeners = new();
    private uint turn;

    public void Add(MemoryListener listener) => listeners[listener] = 0;

    public void Remove(MemoryListener listener) => listeners.TryRemove(listener, out _);

    /// <summary>Each app that listens gets the message once, whichever of its sidecars that is.</summary>
    public void Publish(BusMessage message)
    {
        foreach (var app in listeners.Keys.Where(listener => listener.Hears(message.Topic)).GroupBy(listener => listener.AppId))
        {
            var sidecars = app.ToLookup(listener => listener.Sidecar);
            var chosen = sidecars.Count == 1 ? sidecars.First() : sidecars.ElementAt((int)(Interlocked.Increment(ref turn) % (uint)sidecars.Count));
            foreach (var listener in chosen) listener.Enqueue(message);
        }
    }
}

/// <summary><c>pubsub.in-memory</c>: nothing kept, a failed handler is only logged.</summary>
internal sealed class MemoryPubSub(MemoryBus bus, string appId, ILogger log) : IPubSub
{
    public Task PublishAsync(
        string topic, ReadOnlyMemory<byte> data, IReadOnlyDictionary<string, string>? metadata, CancellationToken cancellationToken)
    {
        bus.Publish(new BusMessage(topic, data.ToArray(), metadata ?? new Dictionary<string, string>()));
        return Task.CompletedTask;
    }

    public Task<IAsyncDisposable> SubscribeAsync(string topic, BusHandler handler, CancellationToken cancellationToken) =>
        Task.FromResult<IAsyncDisposable>(new MemoryListener(bus, this, appId, topic, handler, log));
}

/// <summary>One subscription: its messages wait here for their turn.</summary>
internal sealed class MemoryListener : IAsyncDisposable
{
    private readonly MemoryBus bus;
    private readonly string topic;
    private readonly BusHandler handler;
    private readonly ILogger log;
    private readonly Channel<BusMessage> queue = Channel.CreateUnbounded<BusMessage>(new() { SingleReader = true });
    private readonly Task running;

    public MemoryListener(MemoryBus bus, MemoryPubSub sidecar, string appId, string topic, BusHandler handler, ILogger log)
    {
        (this.bus, Sidecar, AppId, this.topic, this.handler, this.log) = (bus, sidecar, appId, topic, handler, log);
        bus.Add(this);
        running = Task.Run(RunAsync);
    }

    public MemoryPubSub Sidecar { get; }

    public string AppId { get; }

    /// <summary>A trailing asterisk stands for any rest.</summary>
    public bool Hears(string published) => topic.EndsWith('*')
        ? published.StartsWith(topic[..^1], StringComparison.Ordinal)
        : published == topic;

    public void Enqueue(BusMessage message) => queue.Writer.TryWrite(message);

    public async ValueTask DisposeAsync()
    {
        bus.Remove(this);
        queue.Writer.TryComplete();
        await running;
    }

    private async Task RunAsync()
    {
        await foreach (var message in queue.Reader.ReadAllAsync())
        {
            try
            {
                await handler(message, CancellationToken.None);
            }
#pragma warning disable CA1031 // This bus has nowhere to put a message back to: the failure is logged, the next message follows.
            catch (Exception e)
#pragma warning restore CA1031
            {
                log.DeliveryFailed(topic, e.Message);
            }
        }
    }
}
