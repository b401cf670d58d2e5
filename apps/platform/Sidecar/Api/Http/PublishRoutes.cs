using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace ConcertDapr.Sidecar.Api.Http;

/// <summary><c>/v1.0/publish/{pubsub}/{topic…}</c> and <c>/v1.0/publish/bulk/{pubsub}/{topic…}</c></summary>
internal static class PublishRoutes
{
    public static Task? TryHandle(ApiCall call)
    {
        if (!call.IsPostOrPut) return null;
        if (call.Path[2] == "bulk") return call.Path.Count > 4 ? PublishBulkAsync(call) : null;
        return call.Path.Count > 3 && call.Path[0] == "v1.0" ? PublishAsync(call) : null;
    }

    private static async Task PublishAsync(ApiCall call)
    {
        var (pubsub, topic) = (call.Path.Text(2), call.Path.Rest(3));
        call.Runtime.Publish.Find(pubsub, topic);
        ReadOnlyMemory<byte> body;
        try
        {
            body = await call.ReadBodyAsync();
        }
        catch (BodyTooLargeException e)
        {
            throw PublishApi.PublishFailed(pubsub, topic, e.Message);
        }
        await call.Runtime.Publish.PublishAsync(
            pubsub, topic, body, call.Context.Request.ContentType, call.Path.Metadata(), call.Trace, call.Aborted);
        await Answers.NoContent(call.Context);
    }

    private static async Task PublishBulkAsync(ApiCall call)
    {
        var (pubsub, topic) = (call.Path.Text(3), call.Path.Rest(4));
        call.Runtime.Publish.Find(pubsub, topic);
        var events = await ReadEventsAsync(call, pubsub, topic);
        var failures = await call.Runtime.Publish.PublishBulkAsync(pubsub, topic, events, call.Path.Metadata(), call.Trace, call.Aborted);
        if (failures.Count == 0)
        {
            await Answers.NoContent(call.Context);
            return;
        }
        await Answers.JsonAsync(call.Context, 500, writer => WriteFailures(writer, failures));
    }

    private static async Task<IReadOnlyList<BulkEvent>> ReadEventsAsync(ApiCall call, string pubsub, string topic)
    {
        try
        {
            using var document = HttpBody.ParseFirst(await call.ReadBodyAsync());
            if (document.RootElement.ValueKind != JsonValueKind.Array)
                throw new JsonException($"json: cannot unmarshal {JsonFields.Name(document.RootElement.ValueKind)} into Go value of type []http.bulkPublishMessageEntry");
            return [.. document.RootElement.EnumerateArray().Select(entry => ReadEvent(call, entry, pubsub, topic))];
        }
        catch (Exception e) when (e is JsonException or BodyTooLargeException)
        {
            throw call.Runtime.Publish.MalformedEvents(pubsub,
                $"error when unmarshaling the request for topic {topic} pubsub {pubsub}: {e.Message}", "DAPR_PUBSUB_UNMARSHAL_EVENTS", null);
        }
    }

    private static BulkEvent ReadEvent(ApiCall call, JsonElement entry, string pubsub, string topic)
    {
        var contentType = entry.TextField("contentType") ?? "";
        return new BulkEvent(entry.TextField("entryId") ?? "", EventBytes(entry.Field("event"), contentType)
            ?? throw Mismatch(call, pubsub, topic), contentType, entry.TextMapField("metadata"));
    }

    /// <summary>The event's bytes by its content type; null when they do not go together.</summary>
    private static byte[]? EventBytes(JsonElement value, string contentType)
    {
        var media = contentType.Split(';')[0].Trim().ToLowerInvariant();
        if (media is "application/json" or "application/cloudevents+json" || media.EndsWith("+json", StringComparison.Ordinal))
            return System.Text.Encoding.UTF8.GetBytes(value.ValueKind == JsonValueKind.Undefined ? "null" : value.GetRawText());
        if (value.ValueKind != JsonValueKind.String || media.Length == 0) return null;
        if (media.StartsWith("text/", StringComparison.Ordinal) || media == "application/xml") return System.Text.Encoding.UTF8.GetBytes(value.GetString()!);
        return media == "application/octet-stream" && value.TryGetBytesFromBase64(out var bytes) ? bytes : null;
    }

    private static DaprError Mismatch(ApiCall call, string pubsub, string topic)
    {
        const string error = "error: mismatch between contentType and event";
        return call.Runtime.Publish.MalformedEvents(pubsub,
            $"error when marshalling cloud event envelope for topic {topic} pubsub {pubsub}: {error}", "DAPR_PUBSUB_MARSHAL_ENVELOPE", error);
    }

    private static void WriteFailures(Utf8JsonWriter writer, IReadOnlyList<BulkFailure> failures)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("failedEntries");
        foreach (var failure in failures)
        {
            writer.WriteStartObject();
            writer.WriteString("entryId", failure.EntryId);
            writer.WriteString("error", failure.Error);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteString("errorCode", "ERR_PUBSUB_PUBLISH_MESSAGE");
        writer.WriteEndObject();
    }
}
