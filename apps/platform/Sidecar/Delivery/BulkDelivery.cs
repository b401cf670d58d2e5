using System.Buffers;
using System.Text.Json;
using System.Threading.Channels;
using ConcertDapr.Sidecar.Api;
using ConcertDapr.Sidecar.Invocation;
using ConcertDapr.Sidecar.PubSub;

namespace ConcertDapr.Sidecar.Delivery;

/// <summary>Gathers messages for a while and delivers them in one call; each message gets its own outcome.</summary>
internal sealed class BulkDelivery : TopicDelivery
{
    private readonly BulkOptions options;
    private readonly Channel<Waiting> queue = Channel.CreateUnbounded<Waiting>(new() { SingleReader = true });

    public BulkDelivery(Subscription subscription, PubSubComponent component, DeliveryContext context)
        : base(subscription, component, context)
    {
        options = subscription.Bulk!;
        _ = Task.Run(GatherAsync);
    }

    public override async Task HandleAsync(BusMessage message, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(message);
        await queue.Writer.WriteAsync(waiting, cancellationToken);
        await waiting.Task.WaitAsync(cancellationToken);
    }

    private async Task GatherAsync()
    {
        while (await queue.Reader.WaitToReadAsync())
        {
            var batch = new List<Waiting>();
            using var end = new CancellationTokenSource(options.MaxAwait);
            try
            {
                while (batch.Count < options.MaxMessages) batch.Add(await queue.Reader.ReadAsync(end.Token));
            }
            catch (OperationCanceledException)
            {
                // The time is up; what has come so far goes out.
            }
            if (batch.Count > 0) _ = DeliverAsync(batch);
        }
    }

    private async Task DeliverAsync(List<Waiting> batch)
    {
        try
        {
            await Component.Inbound.RunAsync(async token =>
            {
                batch = await AttemptAsync(batch, token);
                if (batch.Count > 0) throw batch[0].Failure!;
            }, CancellationToken.None);
        }
#pragma warning disable CA1031 // The failure belongs to the messages that are left, each of which reports it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            foreach (var waiting in batch) await FinishAsync(waiting, waiting.Failure ?? e);
        }
    }

    /// <summary>One call for each route; returns those that the app wants again.</summary>
    private async Task<List<Waiting>> AttemptAsync(List<Waiting> batch, CancellationToken cancellationToken)
    {
        var again = new List<Waiting>();
        var byRoute = new Dictionary<string, List<Waiting>>(StringComparer.Ordinal);
        foreach (var waiting in batch)
        {
            waiting.Failure = null;
            if (await PrepareAsync(waiting) is { } route) (byRoute.TryGetValue(route, out var list) ? list : byRoute[route] = []).Add(waiting);
            else if (waiting.Failure is not null) again.Add(waiting);
        }
        foreach (var (route, group) in byRoute) again.AddRange(await PostAsync(route, group, cancellationToken));
        return again;
    }

    /// <summary>The route of a message; null when it is finished or failed.</summary>
    private async Task<string?> PrepareAsync(Waiting waiting)
    {
        try
        {
            if (Subscription.IsRaw)
            {
                waiting.Body = CloudEvents.WrapRaw(waiting.Message, Subscription.PubSub);
                using var raw = JsonDocument.Parse(waiting.Body);
                return await RouteOrDropAsync(waiting, raw.RootElement);
            }
            waiting.Body = waiting.Message.Data;
            using var document = Parse(waiting.Message);
            if (!IsExpired(document.RootElement)) return await RouteOrDropAsync(waiting, document.RootElement);
            await FinishAsync(waiting, new DroppedException("it has expired"));
            return null;
        }
        catch (Exception e) when (e is RetryRequestedException or Cel.CelEvaluationException)
        {
            waiting.Failure = e;
            return null;
        }
    }

    private async Task<string?> RouteOrDropAsync(Waiting waiting, JsonElement cloudEvent)
    {
        var route = Route(cloudEvent);
        if (route is null) await FinishAsync(waiting, new DroppedException("no matching route"));
        return route;
    }

    private async Task<IReadOnlyList<Waiting>> PostAsync(string route, List<Waiting> group, CancellationToken cancellationToken)
    {
        try
        {
            using var request = Context.App.Request(HttpMethod.Post, route);
            request.Content = AppChannel.JsonContent(Body(group), "application/json");
            request.Headers.TryAddWithoutValidation("pubsubname", Subscription.PubSub);
            request.Headers.TryAddWithoutValidation("traceparent", TraceContext.Continue(null, Context.Tracing));
            using var answer = await Context.App.SendAsync(request, cancellationToken);
            return await ReadAsync(answer.Response, group, cancellationToken);
        }
        catch (Exception e) when (e is AppUnreachableException or HttpRequestException or IOException)
        {
            return Fail(group, e);
        }
    }

    private async Task<IReadOnlyList<Waiting>> ReadAsync(HttpResponseMessage response, List<Waiting> group, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        if (status == 404)
        {
            // Unlike a single delivery, daprd does not copy these to the dead-letter topic; this runtime does not lose them.
            foreach (var waiting in group) await FinishAsync(waiting, new DroppedException("the app answered 404"));
            return [];
        }
        if (status is < 200 or > 299) return Fail(group, new RetryRequestedException($"the app answered {status}", status));
        var statuses = Statuses(await response.Content.ReadAsByteArrayAsync(cancellationToken));
        var again = new List<Waiting>();
        foreach (var waiting in group)
        {
            switch (statuses?.GetValueOrDefault(waiting.EntryId))
            {
                case "SUCCESS":
                    waiting.SetResult();
                    break;
                case "DROP":
                    await FinishAsync(waiting, new DroppedException("DROP status returned from app"));
                    break;
                default:
                    waiting.Failure = new RetryRequestedException("RETRY or no status returned from app");
                    again.Add(waiting);
                    break;
            }
        }
        return again;
    }

    private static List<Waiting> Fail(List<Waiting> group, Exception failure)
    {
        foreach (var waiting in group) waiting.Failure = failure;
        return group;
    }

    private async Task FinishAsync(Waiting waiting, Exception failure)
    {
        try
        {
            await GiveUpAsync(waiting.Message, failure);
            waiting.TrySetResult();
        }
#pragma warning disable CA1031 // Passed on to whoever waits for this message.
        catch (Exception e)
#pragma warning restore CA1031
        {
            waiting.TrySetException(e);
        }
    }

    private ReadOnlyMemory<byte> Body(List<Waiting> group)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        writer.WriteStartArray("entries");
        foreach (var waiting in group) WriteEntry(writer, waiting);
        writer.WriteEndArray();
        writer.WriteString("id", Guid.NewGuid().ToString());
        writer.WriteStartObject("metadata");
        writer.WriteString("pubsubName", Subscription.PubSub);
        writer.WriteEndObject();
        writer.WriteString("pubsubname", Subscription.PubSub);
        writer.WriteString("topic", Subscription.Topic);
        writer.WriteString("type", "com.dapr.event.sent.bulk");
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    private static void WriteEntry(Utf8JsonWriter writer, Waiting waiting)
    {
        writer.WriteStartObject();
        writer.WriteString("entryId", waiting.EntryId);
        writer.WritePropertyName("event");
        writer.WriteRawValue(waiting.Body.Span);
        writer.WriteString("contentType", CloudEvents.ContentType);
        writer.WriteStartObject("metadata");
        foreach (var (name, value) in waiting.Message.Metadata) writer.WriteString(name, value);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>The status of each entry; null when the body says nothing that can be read.</summary>
    private static Dictionary<string, string>? Statuses(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var statuses = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var entry in document.RootElement.GetProperty("statuses").EnumerateArray())
                statuses[entry.GetProperty("entryId").GetString() ?? ""] = entry.GetProperty("status").GetString() ?? "";
            return statuses;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    private sealed class Waiting(BusMessage message) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public BusMessage Message { get; } = message;

        public string EntryId { get; } = Guid.NewGuid().ToString();

        public ReadOnlyMemory<byte> Body { get; set; }

        public Exception? Failure { get; set; }
    }
}
