using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Dapr;

/// <summary>How envelopes are unwrapped.</summary>
public class CloudEventsMiddlewareOptions
{
    /// <summary>Leave text data a JSON string instead of its bare text.</summary>
    public bool SuppressJsonDecodingOfTextPayloads { get; set; }

    /// <summary>Give the envelope's other members as request headers <c>Cloudevent.{name}</c>.</summary>
    public bool ForwardCloudEventPropertiesAsHeaders { get; set; }

    /// <summary>When set, only these members become headers.</summary>
    public string[]? IncludedCloudEventPropertiesAsHeaders { get; set; }

    /// <summary>Members that do not become headers; not looked at when the included ones are set.</summary>
    public string[]? ExcludedCloudEventPropertiesFromHeaders { get; set; }
}

/// <summary>Replaces an event envelope's request body by its data, and the content type by that of the data.</summary>
internal sealed class CloudEventsMiddleware(RequestDelegate next, CloudEventsMiddlewareOptions options)
{
    private const string EnvelopeType = "application/cloudevents+json";
    private static readonly string[] NeverHeaders = ["datacontenttype", "data", "data_base64", "pubsubname", "traceparent"];

    public Task InvokeAsync(HttpContext context) =>
        Charset(context.Request.ContentType) is { } charset ? UnwrapAsync(context, charset) : next(context);

    private async Task UnwrapAsync(HttpContext context, string charset)
    {
        var envelope = await ReadAsync(context, charset);
        var data = Member(envelope, "data");
        var base64 = Member(envelope, "data_base64");
        if (data is not null && base64 is not null)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        var type = DataType(envelope);
        ForwardHeaders(context.Request, envelope);
        await NextAsync(
            context,
            data is { } value ? Body(value, type.IsJson) : base64?.GetBytesFromBase64() ?? [],
            data is null && base64 is null ? null : type.Text);
    }

    private async Task NextAsync(HttpContext context, byte[] body, string? contentType)
    {
        var request = context.Request;
        var (envelopeBody, envelopeType) = (request.Body, request.ContentType);
        try
        {
            request.Body = new MemoryStream(body, writable: false);
            request.ContentType = contentType;
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested && context.Response.HasStarted)
        {
            // The sidecar went away in the middle of the answer: there is nobody to tell.
        }
        finally
        {
            (request.Body, request.ContentType) = (envelopeBody, envelopeType);
        }
    }

    private byte[] Body(JsonElement data, bool isJson) =>
        isJson || data.ValueKind != JsonValueKind.String || options.SuppressJsonDecodingOfTextPayloads
            ? JsonSerializer.SerializeToUtf8Bytes(data)
            : Encoding.UTF8.GetBytes(data.GetString()!);

    private static async Task<JsonElement> ReadAsync(HttpContext context, string charset)
    {
        if (string.Equals(charset, Encoding.UTF8.WebName, StringComparison.OrdinalIgnoreCase))
            return await JsonSerializer.DeserializeAsync<JsonElement>(
                context.Request.Body, cancellationToken: context.RequestAborted);
        using var reader = new StreamReader(context.Request.Body, Encoding.GetEncoding(charset));
        return JsonSerializer.Deserialize<JsonElement>(await reader.ReadToEndAsync(context.RequestAborted));
    }

    private static JsonElement? Member(JsonElement envelope, string name)
    {
        foreach (var member in envelope.EnumerateObject())
            if (member.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                return member.Value;
        return null;
    }

    /// <summary>The data's content type without charset (what is written is UTF-8); JSON when none is given.</summary>
    private static (string Text, bool IsJson) DataType(JsonElement envelope)
    {
        if (Member(envelope, "datacontenttype") is not { ValueKind: JsonValueKind.String } member
            || !MediaTypeHeaderValue.TryParse(member.GetString(), out var parsed))
            return ("application/json", true);

        // As in the official SDK, only application/json itself counts: text of another +json type is unwrapped.
        var isJson = parsed.MediaType.Equals("application/json", StringComparison.Ordinal);
        if (!parsed.Charset.HasValue)
            return (member.GetString()!, isJson);
        parsed.Charset = StringSegment.Empty;
        return (parsed.ToString(), isJson);
    }

    private void ForwardHeaders(HttpRequest request, JsonElement envelope)
    {
        if (!options.ForwardCloudEventPropertiesAsHeaders)
            return;
        foreach (var member in envelope.EnumerateObject().Where(m => IsHeader(m.Name)))
            request.Headers.TryAdd(
                $"Cloudevent.{member.Name.ToLowerInvariant()}", member.Value.GetRawText().Trim('"'));
    }

    private bool IsHeader(string name)
    {
        if (NeverHeaders.Contains(name, StringComparer.OrdinalIgnoreCase))
            return false;
        if (options.IncludedCloudEventPropertiesAsHeaders is { } included)
            return included.Contains(name, StringComparer.OrdinalIgnoreCase);
        return options.ExcludedCloudEventPropertiesFromHeaders?.Contains(name, StringComparer.OrdinalIgnoreCase) is not true;
    }

    private static string? Charset(string? contentType)
    {
        if (contentType?.StartsWith(EnvelopeType, StringComparison.Ordinal) is not true
            || !MediaTypeHeaderValue.TryParse(contentType, out var parsed)
            || parsed.MediaType != EnvelopeType)
            return null;
        return parsed.Charset.Length > 0 ? parsed.Charset.Value : "UTF-8";
    }
}
