using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace ConcertDapr.Sidecar.Api.Http;

/// <summary>Writing answers in daprd's shapes.</summary>
internal static class Answers
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static Task NoContent(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    public static async Task BytesAsync(HttpContext context, int status, ReadOnlyMemory<byte> body, string contentType = "application/json")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = body.Length;
        await context.Response.BodyWriter.WriteAsync(body, context.RequestAborted);
    }

    public static Task JsonAsync(HttpContext context, int status, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, Options)) write(writer);
        return BytesAsync(context, status, buffer.WrittenMemory);
    }

    public static Task PlainAsync(HttpContext context, int status, string text)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return BytesAsync(context, status, Encoding.UTF8.GetBytes(text), "text/plain; charset=utf-8");
    }

    public static Task ErrorAsync(HttpContext context, DaprError error) => JsonAsync(context, error.HttpStatus, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("errorCode", error.ErrorCode);
        writer.WriteString("message", error.HttpMessage ?? error.Message);
        if (error.HttpDetails is not null) WriteDetails(writer, error.HttpDetails);
        writer.WriteEndObject();
    });

    public static void WriteMap(Utf8JsonWriter writer, IReadOnlyDictionary<string, string> map)
    {
        writer.WriteStartObject();
        foreach (var (name, value) in map) writer.WriteString(name, value);
        writer.WriteEndObject();
    }

    private static void WriteDetails(Utf8JsonWriter writer, IReadOnlyList<ErrorDetail> details)
    {
        writer.WriteStartArray("details");
        foreach (var detail in details)
        {
            writer.WriteStartObject();
            WriteDetail(writer, detail);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteDetail(Utf8JsonWriter writer, ErrorDetail detail)
    {
        writer.WriteString("@type", "type.googleapis.com/google.rpc." + TypeName(detail));
        switch (detail)
        {
            case ErrorDetail.Info info:
                writer.WriteString("domain", "dapr.io");
                writer.WritePropertyName("metadata");
                if (info.Metadata is null) writer.WriteNullValue();
                else WriteMap(writer, info.Metadata);
                writer.WriteString("reason", info.Reason);
                break;
            case ErrorDetail.Resource resource:
                writer.WriteString("description", resource.Description);
                writer.WriteString("owner", resource.Owner);
                writer.WriteString("resource_name", resource.Name);
                writer.WriteString("resource_type", resource.Type);
                break;
            case ErrorDetail.BadRequest request:
                writer.WriteStartArray("field_violations");
                writer.WriteStartObject();
                writer.WriteString("field", request.Field);
                writer.WriteString("description", request.Description);
                writer.WriteEndObject();
                writer.WriteEndArray();
                break;
            case ErrorDetail.Help help:
                writer.WriteStartArray("links");
                writer.WriteStartObject();
                writer.WriteString("url", help.Url);
                writer.WriteString("description", help.Description);
                writer.WriteEndObject();
                writer.WriteEndArray();
                break;
        }
    }

    private static string TypeName(ErrorDetail detail) => detail switch
    {
        ErrorDetail.Info => "ErrorInfo",
        ErrorDetail.Resource => "ResourceInfo",
        ErrorDetail.BadRequest => "BadRequest",
        _ => "Help",
    };
}
