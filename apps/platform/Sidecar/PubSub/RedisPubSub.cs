using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using ConcertDapr.Sidecar.Components;
using ConcertDapr.Sidecar.Redis;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar.PubSub;

/// <summary>
/// <c>pubsub.redis</c>: one stream per topic, one consumer group per app. Like daprd's component it acknowledges a
/// message whose handler failed (retries and dead letters are the runtime's business), and delivers again what a
/// crashed sidecar left pending longer than <c>processingTimeout</c>.
/// </summary>
internal sealed class RedisPubSub : IPubSub, IAsyncDisposable
{
    private readonly RedisClient client;
    private readonly RedisStreamSettings settings;
    private readonly ILogger log;
    private readonly CancellationTokenSource stop = new();
    private readonly Channel<(RedisTopicReader Reader, string Id, BusMessage Message)> queue;
    private readonly Task[] workers;

    public RedisPubSub(RedisClient client, RedisStreamSettings settings, ILogger log)
    {
        (this.client, this.settings, this.log) = (client, settings, log);
        queue = Channel.CreateBounded<(RedisTopicReader, string, BusMessage)>(settings.QueueDepth);
        workers = [.. Enumerable.Range(0, settings.Concurrency).Select(_ => Task.Run(WorkAsync))];
    }

    public async Task PublishAsync(
        string topic, ReadOnlyMemory<byte> data, IReadOnlyDictionary<string, string>? metadata, CancellationToken cancellationToken)
    {
        RedisArg[] limit = settings switch
        {
            { MaxLength: { } length } => ["MAXLEN", "~", length],
            { Ttl: { } ttl } => ["MINID", "~", Oldest(ttl)],
            _ => [],
        };
        RedisArg[] attributes = metadata is null ? []
            : ["metadata", JsonSerializer.SerializeToUtf8Bytes(metadata, PubSubJson.Default.IReadOnlyDictionaryStringString)];
        var reply = await client.SendAsync(cancellationToken, ["XADD", topic, .. limit, "*", "data", data, .. attributes]);
        if (reply.IsError) throw new RedisServerException($"redis streams: error from publish: {reply.Text}");
    }

    public async Task<IAsyncDisposable> SubscribeAsync(string topic, BusHandler handler, CancellationToken cancellationToken)
    {
        var reader = new RedisTopicReader(client, settings, topic, handler, queue.Writer, log, stop.Token);
        await reader.StartAsync(cancellationToken);
        return reader;
    }

    /// <summary>Gives up what is still under way after the subscriptions had their time to end; it stays pending.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await stop.CancelAsync();
        await Task.WhenAll(workers);
        stop.Dispose();
    }

    private static string Oldest(TimeSpan ttl) =>
        (DateTimeOffset.UtcNow - ttl).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);

    private async Task WorkAsync()
    {
        await foreach (var (reader, id, message) in queue.Reader.ReadAllAsync()) await reader.HandleAsync(id, message);
    }
}

/// <summary>How a Redis component reads its streams.</summary>
internal sealed record RedisStreamSettings(string ConsumerId, int Concurrency, int QueueDepth, TimeSpan ProcessingTimeout,
    TimeSpan RedeliverInterval, long? MaxLength, TimeSpan? Ttl)
{
    /// <exception cref="SidecarStartException">A value is malformed.</exception>
    public static RedisStreamSettings Read(ComponentSpec spec, string appId)
    {
        var (length, ttl) = (spec.Integer("maxLenApprox"), spec.Duration("streamTTL"));
        if (length is not null && ttl is not null)
            throw new SidecarStartException($"component {spec.Label}: maxLenApprox and streamTTL exclude each other");
        return new RedisStreamSettings(spec.Get("consumerID") ?? appId,
            AtLeastOne("concurrency", 10), AtLeastOne("queueDepth", 100),
            spec.Duration("processingTimeout") ?? TimeSpan.FromSeconds(60), Redeliver(spec), length > 0 ? length : null, ttl);

        int AtLeastOne(string name, int otherwise) => spec.Integer(name) is { } number and > 0 ? number : otherwise;
    }

    /// <summary>Only whole milliseconds count; other texts leave the default, as in daprd.</summary>
    private static TimeSpan Redeliver(ComponentSpec spec) =>
        int.TryParse(spec.Get("redeliverInterval"), NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            ? TimeSpan.FromMilliseconds(milliseconds)
            : TimeSpan.FromSeconds(15);
}

[System.Text.Json.Serialization.JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
[System.Text.Json.Serialization.JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class PubSubJson : System.Text.Json.Serialization.JsonSerializerContext;
