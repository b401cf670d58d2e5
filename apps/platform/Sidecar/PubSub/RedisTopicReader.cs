using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using ConcertDapr.Sidecar.Redis;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar.PubSub;

/// <summary>Reads one stream for one group: new entries on a connection of its own, forgotten ones from time to time.</summary>
internal sealed class RedisTopicReader(RedisClient client, RedisStreamSettings settings, string topic, BusHandler handler,
    ChannelWriter<(RedisTopicReader, string, BusMessage)> queue, ILogger log, CancellationToken abort) : IPausable
{
    private static readonly TimeSpan Block = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ReconnectPause = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource> underWay = new();
    private volatile bool paused;
    private volatile bool readLast;
    private Task reading = Task.CompletedTask;
    private Task reclaiming = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await CreateGroupAsync(cancellationToken);
        reading = Task.Run(ReadLoopAsync, CancellationToken.None);
        if (settings.ProcessingTimeout > TimeSpan.Zero && settings.RedeliverInterval > TimeSpan.Zero)
            reclaiming = Task.Run(ReclaimLoopAsync, CancellationToken.None);
    }

    /// <summary>Runs the handler; called by a worker of the component.</summary>
    public async Task HandleAsync(string id, BusMessage message)
    {
        if (!underWay.TryGetValue(id, out var done)) return;
        try
        {
            // Not begun before the end: left pending for the next sidecar.
            if (stop.IsCancellationRequested || paused) return;
            if (await HandledAsync(message)) await AcknowledgeAsync(id);
        }
        finally
        {
            underWay.TryRemove(id, out _);
            done.TrySetResult();
        }
    }

    /// <summary>
    /// The read that waits at the server goes on waiting, as daprd's does: what it brings is the last of this reader, and
    /// stays pending until it is reclaimed.
    /// </summary>
    public Task PauseAsync()
    {
        paused = true;
        return UnderWayAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(reading, reclaiming);
        await UnderWayAsync();
        stop.Dispose();
    }

    private Task UnderWayAsync() => Task.WhenAll(underWay.Values.Select(done => done.Task));

    /// <summary>Whether the entry is finished; false leaves it pending.</summary>
    private async Task<bool> HandledAsync(BusMessage message)
    {
        try
        {
            await handler(message, abort);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
#pragma warning disable CA1031 // What a handler throws must not end the worker; daprd's component acknowledges such a message.
        catch (Exception e)
#pragma warning restore CA1031
        {
            log.DeliveryFailed(topic, e.Message);
            return e is not KeepPendingException;
        }
    }

    private async Task AcknowledgeAsync(string id)
    {
        try
        {
            (await client.ReadAsync(CancellationToken.None, "XACK", topic, settings.ConsumerId, id)).Checked();
        }
        catch (Exception e) when (IsRedisFailure(e))
        {
            // It stays pending and is delivered again: at least once.
            log.AcknowledgeFailed(topic, id, e.Message);
        }
    }

    private async Task ReadLoopAsync()
    {
        while (!stop.IsCancellationRequested && !readLast)
        {
            try
            {
                var options = client.Options with { CommandTimeout = Block + client.Options.CommandTimeout };
                await using var connection = await RedisConnection.OpenAsync(options, stop.Token);
                while (!readLast) await ReadOnceAsync(connection);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (IsRedisFailure(e))
            {
                log.ReadFailed(topic, e.Message);
                await PauseAsync(ReconnectPause);
            }
        }
    }

    private async Task ReadOnceAsync(RedisConnection connection)
    {
        var reply = await connection.SendAsync(["XREADGROUP", "GROUP", settings.ConsumerId, settings.ConsumerId,
            "COUNT", settings.QueueDepth, "BLOCK", (long)Block.TotalMilliseconds, "STREAMS", topic, ">"]).WaitAsync(stop.Token);
        if (reply.IsError && reply.Text.StartsWith("NOGROUP", StringComparison.Ordinal))
        {
            await CreateGroupAsync(stop.Token);
            return;
        }
        if (reply.Checked().IsNull) return;
        readLast = paused;
        if (!readLast) await EnqueueAsync(reply.Item(0).Item(1).Items);
    }

    private async Task ReclaimLoopAsync()
    {
        while (!stop.IsCancellationRequested && !paused)
        {
            try
            {
                await ReclaimAsync();
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (IsRedisFailure(e))
            {
                log.ReadFailed(topic, e.Message);
            }
            await PauseAsync(settings.RedeliverInterval);
        }
    }

    /// <summary>Takes what anybody of the group left pending too long, but not what this process still works on.</summary>
    private async Task ReclaimAsync()
    {
        var cursor = "0-0";
        do
        {
            var reply = (await client.SendAsync(stop.Token, "XAUTOCLAIM", topic, settings.ConsumerId, settings.ConsumerId,
                (long)settings.ProcessingTimeout.TotalMilliseconds, cursor, "COUNT", settings.QueueDepth)).Checked();
            cursor = reply.Item(0).Text;
            await EnqueueAsync(reply.Item(1).Items);
        }
        while (cursor != "0-0");
    }

    private async Task EnqueueAsync(RespReply[] entries)
    {
        foreach (var entry in entries)
        {
            if (entry.IsNull || entry.Item(1).IsNull) continue;
            var id = entry.Item(0).Text;
            if (!underWay.TryAdd(id, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))) continue;
            try
            {
                await queue.WriteAsync((this, id, ToMessage(entry.Item(1).Items)), stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
            {
                underWay.TryRemove(id, out _);
                throw new OperationCanceledException("the subscription ends", e, stop.Token);
            }
        }
    }

    private BusMessage ToMessage(RespReply[] fields)
    {
        ReadOnlyMemory<byte> data = default;
        IReadOnlyDictionary<string, string> metadata = new Dictionary<string, string>();
        for (var i = 0; i + 1 < fields.Length; i += 2)
        {
            if (fields[i].Bytes.AsSpan().SequenceEqual("data"u8)) data = fields[i + 1].Bytes;
            else if (fields[i].Bytes.AsSpan().SequenceEqual("metadata"u8)) metadata = ReadMetadata(fields[i + 1].Bytes) ?? metadata;
        }
        return new BusMessage(topic, data, metadata);
    }

    private Dictionary<string, string>? ReadMetadata(byte[] json)
    {
        if (json.AsSpan().SequenceEqual("{}"u8)) return null;
        try
        {
            return JsonSerializer.Deserialize(json, PubSubJson.Default.DictionaryStringString);
        }
        catch (JsonException e)
        {
            log.ReadFailed(topic, $"metadata of an entry is no string map: {e.Message}");
            return null;
        }
    }

    private async Task CreateGroupAsync(CancellationToken cancellationToken)
    {
        var reply = await client.SendAsync(cancellationToken, "XGROUP", "CREATE", topic, settings.ConsumerId, "0", "MKSTREAM");
        if (!reply.IsError || !reply.Text.StartsWith("BUSYGROUP", StringComparison.Ordinal)) reply.Checked();
    }

    private Task PauseAsync(TimeSpan pause) =>
        Task.Delay(pause, stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);

    private static bool IsRedisFailure(Exception e) => e is RedisConnectionException or RedisServerException or RedisProtocolException;
}

/// <summary>The message could be neither handled nor put aside; it must stay on the bus.</summary>
internal sealed class KeepPendingException(string message, Exception? inner = null) : Exception(message, inner);
