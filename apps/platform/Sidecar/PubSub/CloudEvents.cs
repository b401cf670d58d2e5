using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using ConcertDapr.Sidecar.Api;
using ConcertDapr.Sidecar.Components;

namespace ConcertDapr.Sidecar.PubSub;

/// <summary>The CloudEvents envelope that goes onto the bus.</summary>
internal static class CloudEvents
{
    public const string ContentType = "application/cloudevents+json";

    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.Create(UnicodeRanges.All), SkipValidation = true };
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 1000 };

    /// <summary>What the envelope is made from.</summary>
    public sealed record Source(string AppId, string PubSub, string Topic, string? ContentType,
        IReadOnlyDictionary<string, string> Metadata, TraceContext Trace, DateTimeOffset Now);

    /// <summary>The envelope for data of any content type; an event that came as one is kept and completed.</summary>
    /// <exception cref="JsonException">The data claims to be a CloudEvent and is no JSON object.</exception>
    public static ReadOnlyMemory<byte> Create(ReadOnlyMemory<byte> data, Source source) =>
        source.ContentType?.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase) == true
            ? Complete(data, source)
            : Wrap(data, source);

    /// <summary>The envelope in which a subscriber of raw messages gets one; trace fields only when the publisher sent them.</summary>
    public static ReadOnlyMemory<byte> WrapRaw(BusMessage message, string pubsub)
    {
        var buffer = new ArrayBufferWriter<byte>(message.Data.Length * 4 / 3 + 300);
        using var writer = new Utf8JsonWriter(buffer, WriterOptions);
        writer.WriteStartObject();
        writer.WriteBase64String("data_base64", message.Data.Span);
        writer.WriteString("datacontenttype", "application/octet-stream");
        writer.WriteString("id", Guid.NewGuid().ToString());
        writer.WriteString("pubsubname", pubsub);
        writer.WriteString("source", "Dapr");
        writer.WriteString("specversion", "1.0");
        writer.WriteString("topic", message.Topic);
        foreach (var name in new[] { "traceid", "traceparent", "tracestate" })
            if (message.Metadata.TryGetValue(name, out var value)) writer.WriteString(name, value);
        writer.WriteString("type", "com.dapr.event.sent");
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>RFC 3339 with seconds.</summary>
    public static string Time(DateTimeOffset time) => time.ToString(
        time.Offset == TimeSpan.Zero ? "yyyy-MM-dd'T'HH:mm:ss'Z'" : "yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture);

    private static ReadOnlyMemory<byte> Wrap(ReadOnlyMemory<byte> data, Source source)
    {
        var buffer = new ArrayBufferWriter<byte>(data.Length + 700);
        using var writer = new Utf8JsonWriter(buffer, WriterOptions);
        var type = string.IsNullOrEmpty(source.ContentType) ? "text/plain" : source.ContentType;
        var trace = Override(source, "traceparent") ?? Override(source, "traceid") ?? source.Trace.EventParent;
        writer.WriteStartObject();
        WriteData(writer, data, type);
        writer.WriteString("datacontenttype", type);
        if (Expiration(source) is { } expiration) writer.WriteString("expiration", expiration);
        writer.WriteString("id", Override(source, "id") ?? Guid.NewGuid().ToString());
        writer.WriteString("pubsubname", source.PubSub);
        writer.WriteString("source", Override(source, "source") ?? source.AppId);
        writer.WriteString("specversion", "1.0");
        if (Override(source, "subject") is { } subject) writer.WriteString("subject", subject);
        writer.WriteString("time", Time(source.Now));
        writer.WriteString("topic", source.Topic);
        writer.WriteString("traceid", trace);
        writer.WriteString("traceparent", trace);
        writer.WriteString("tracestate", Override(source, "tracestate") ?? source.Trace.State ?? "");
        writer.WriteString("type", Override(source, "type") ?? "com.dapr.event.sent");
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    private static void WriteData(Utf8JsonWriter writer, ReadOnlyMemory<byte> data, string contentType)
    {
        var media = contentType.Split(';')[0].Trim();
        if (media.Equals("application/octet-stream", StringComparison.OrdinalIgnoreCase))
        {
            writer.WriteBase64String("data_base64", data.Span);
            return;
        }
        writer.WritePropertyName("data");
        if (media.Equals("application/json", StringComparison.OrdinalIgnoreCase) && IsJson(data.Span))
            writer.WriteRawValue(data.Span, skipInputValidation: true);
        else writer.WriteStringValue(Encoding.UTF8.GetString(data.Span));
    }

    private static ReadOnlyMemory<byte> Complete(ReadOnlyMemory<byte> data, Source source)
    {
        using var document = JsonDocument.Parse(data, Deep);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
            throw new JsonException($"json: cannot unmarshal {Name(root.ValueKind)} into Go value of type map[string]interface {{}}");
        var buffer = new ArrayBufferWriter<byte>(data.Length + 500);
        using var writer = new Utf8JsonWriter(buffer, WriterOptions);
        writer.WriteStartObject();
        foreach (var member in root.EnumerateObject())
            if (member.Name is not ("topic" or "pubsubname" or "expiration")) member.WriteTo(writer);
        WriteDefaults(writer, root, source);
        writer.WriteString("topic", source.Topic);
        writer.WriteString("pubsubname", source.PubSub);
        if (Expiration(source) is { } expiration) writer.WriteString("expiration", expiration);
        else if (root.TryGetProperty("expiration", out var own)) WriteMember(writer, "expiration", own);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    private static void WriteDefaults(Utf8JsonWriter writer, JsonElement root, Source source)
    {
        var ownTrace = root.TryGetProperty("traceid", out _);
        if (!ownTrace) writer.WriteString("traceid", source.Trace.EventParent);
        if (!ownTrace && !root.TryGetProperty("traceparent", out _)) writer.WriteString("traceparent", source.Trace.EventParent);
        Default("tracestate", source.Trace.State ?? "");
        Default("time", Time(source.Now));
        Default("source", "Dapr");
        Default("type", "com.dapr.event.sent");
        Default("specversion", "1.0");

        void Default(string name, string value)
        {
            if (!root.TryGetProperty(name, out _)) writer.WriteString(name, value);
        }
    }

    private static void WriteMember(Utf8JsonWriter writer, string name, JsonElement value)
    {
        writer.WritePropertyName(name);
        value.WriteTo(writer);
    }

    private static string? Override(Source source, string field)
    {
        if (source.Metadata.Count == 0) return null;
        foreach (var (name, value) in source.Metadata)
            if (name.Length == field.Length + 11 && name.StartsWith("cloudevent.", StringComparison.OrdinalIgnoreCase)
                && name.EndsWith(field, StringComparison.OrdinalIgnoreCase)) return value;
        return null;
    }

    /// <summary>When the event is past its time to live; a malformed or negative TTL says nothing.</summary>
    private static string? Expiration(Source source)
    {
        var text = source.Metadata.FirstOrDefault(pair => pair.Key.Equals("ttlInSeconds", StringComparison.OrdinalIgnoreCase)).Value;
        if (string.IsNullOrEmpty(text)) return null;
        TimeSpan ttl;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds)) ttl = TimeSpan.FromSeconds(seconds);
        else if (!DurationText.TryParseGo(text, out ttl)) return null;
        return ttl < TimeSpan.Zero ? null : Time(source.Now.ToUniversalTime() + ttl);
    }

    private static bool IsJson(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty) return false;
        var reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = 1000 });
        try
        {
            while (reader.Read()) { }
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Name(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        JsonValueKind.Null => "null",
        _ => "bool",
    };
}
