using System.Text.Json;
using ConcertDapr.Sidecar.Delivery;
using ConcertDapr.Sidecar.PubSub;
using ConcertDapr.Wire.Runtime;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace ConcertDapr.Sidecar.Api.Grpc;

/// <summary>The events on their way over one subscriber's stream, and its answers by the events' ids.</summary>
internal sealed class EventStream(string pubsub, Func<SubscribeTopicEventsResponse, Task> write) : IDisposable
{
    private static readonly HashSet<string> OwnFields = ["id", "source", "type", "specversion", "datacontenttype", "data", "data_base64"];
    private static readonly string[] TraceFields = ["traceid", "traceparent", "tracestate"];

    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly List<(string Id, TaskCompletionSource<StreamVerdict> Answer)> waiting = [];
    private bool ended;

    /// <summary>Sends an event and waits for the answer, however long that takes.</summary>
    public async Task<StreamVerdict> DeliverAsync(JsonElement cloudEvent, BusMessage message, CancellationToken cancellationToken)
    {
        var request = ToRequest(cloudEvent, message);
        var answer = new TaskCompletionSource<StreamVerdict>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (waiting)
        {
            if (ended) return StreamVerdict.Gone;
            waiting.Add((request.Id, answer));
        }
        try
        {
            await WriteAsync(new() { EventMessage = request }, cancellationToken);
            return await answer.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            lock (waiting) waiting.RemoveAll(one => one.Answer == answer);
        }
    }

    /// <summary>One message at a time.</summary>
    public async Task WriteAsync(SubscribeTopicEventsResponse message, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            await write(message);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>The subscriber's answer; one to nothing that was asked is ignored.</summary>
    public void Answer(SubscribeTopicEventsProcessed processed)
    {
        lock (waiting)
        {
            var index = waiting.FindIndex(one => one.Id == processed.Id);
            if (index < 0) return;
            // A status that nobody knows is a failure like any other.
            waiting[index].Answer.TrySetResult(processed.Status?.Status switch
            {
                null or TopicEventResponse.Types.TopicEventResponseStatus.Success => StreamVerdict.Success,
                TopicEventResponse.Types.TopicEventResponseStatus.Drop => StreamVerdict.Drop,
                _ => StreamVerdict.Retry,
            });
            waiting.RemoveAt(index);
        }
    }

    /// <summary>Nothing more is sent; what waits for an answer gets none.</summary>
    public void End()
    {
        lock (waiting)
        {
            ended = true;
            foreach (var (_, answer) in waiting) answer.TrySetResult(StreamVerdict.Gone);
        }
    }

    public void Dispose() => turn.Dispose();

    private TopicEventRequest ToRequest(JsonElement cloudEvent, BusMessage message) => new()
    {
        Id = Text(cloudEvent, "id"),
        Source = Text(cloudEvent, "source"),
        Type = Text(cloudEvent, "type"),
        SpecVersion = Text(cloudEvent, "specversion"),
        DataContentType = Text(cloudEvent, "datacontenttype"),
        Topic = message.Topic,
        PubsubName = pubsub,
        Path = "/",
        Data = Data(cloudEvent),
        Extensions = Extensions(cloudEvent, message),
    };

    private static string Text(JsonElement cloudEvent, string name) =>
        cloudEvent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    /// <exception cref="RetryRequestedException">The data do not fit their content type.</exception>
    private static ByteString Data(JsonElement cloudEvent)
    {
        if (cloudEvent.TryGetProperty("data_base64", out var encoded) && encoded.ValueKind != JsonValueKind.Null)
            return encoded.ValueKind == JsonValueKind.String && encoded.TryGetBytesFromBase64(out var bytes)
                ? ByteString.CopyFrom(bytes) : throw new RetryRequestedException("data_base64 of an event is no base64 text");
        if (!cloudEvent.TryGetProperty("data", out var data) || data.ValueKind == JsonValueKind.Null) return ByteString.Empty;
        var type = Text(cloudEvent, "datacontenttype").Split(';')[0].Trim().ToLowerInvariant();
        if (type.StartsWith("text/", StringComparison.Ordinal) || type == "application/xml")
            return data.ValueKind == JsonValueKind.String ? ByteString.CopyFromUtf8(data.GetString()!)
                : throw new RetryRequestedException($"data of an event with content type {type} are no text");
        return type is "application/json" or CloudEvents.ContentType ? ByteString.CopyFromUtf8(data.GetRawText()) : ByteString.Empty;
    }

    /// <summary>All other members; trace fields that the event lacks come from the message.</summary>
    private static Struct Extensions(JsonElement cloudEvent, BusMessage message)
    {
        var extensions = new Struct();
        foreach (var member in cloudEvent.EnumerateObject())
            if (!OwnFields.Contains(member.Name)) extensions.Fields[member.Name] = JsonParser.Default.Parse<Value>(member.Value.GetRawText());
        foreach (var name in TraceFields)
            if (!extensions.Fields.ContainsKey(name) && message.Metadata.TryGetValue(name, out var value)) extensions.Fields[name] = Value.ForString(value);
        return extensions;
    }
}
