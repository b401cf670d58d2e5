using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar.PubSub;

/// <summary><c>pubsub.in-memory</c>: within one sidecar, nothing kept, a failed handler is only logged.</summary>
internal sealed class MemoryPubSub(ILogger log) : IPubSub
{
    private readonly ILogger log = log;
    private readonly ConcurrentDictionary<Listener, byte> listeners = new();

    public Task PublishAsync(
        string topic, ReadOnlyMemory<byte> data, IReadOnlyDictionary<string, string>? metadata, CancellationToken cancellationToken)
    {
        var message = new BusMessage(topic, data.ToArray(), metadata ?? new Dictionary<string, string>());
        foreach (var listener in listeners.Keys)
            if (listener.Hears(topic)) listener.Queue.Writer.TryWrite(message);
        return Task.CompletedTask;
    }

    public Task<IAsyncDisposable> SubscribeAsync(string topic, BusHandler handler, CancellationToken cancellationToken)
    {
        var listener = new Listener(this, topic, handler);
        listeners[listener] = 0;
        return Task.FromResult<IAsyncDisposable>(listener);
    }

    private sealed class Listener : IAsyncDisposable
    {
        private readonly MemoryPubSub bus;
        private readonly string topic;
        private readonly BusHandler handler;
        private readonly Task running;

        public Listener(MemoryPubSub bus, string topic, BusHandler handler)
        {
            (this.bus, this.topic, this.handler) = (bus, topic, handler);
            running = Task.Run(RunAsync);
        }

        public Channel<BusMessage> Queue { get; } = Channel.CreateUnbounded<BusMessage>(new() { SingleReader = true });

        /// <summary>A trailing asterisk stands for any rest.</summary>
        public bool Hears(string published) => topic.EndsWith('*')
            ? published.StartsWith(topic[..^1], StringComparison.Ordinal)
            : published == topic;

        public async ValueTask DisposeAsync()
        {
            bus.listeners.TryRemove(this, out _);
            Queue.Writer.TryComplete();
            await running;
        }

        private async Task RunAsync()
        {
            await foreach (var message in Queue.Reader.ReadAllAsync())
            {
                try
                {
                    await handler(message, CancellationToken.None);
                }
#pragma warning disable CA1031 // This bus has nowhere to put a message back to: the failure is logged, the next message follows.
                catch (Exception e)
#pragma warning restore CA1031
                {
                    bus.log.DeliveryFailed(topic, e.Message);
                }
            }
        }
    }
}
