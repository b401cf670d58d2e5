using System.Text.Json;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace ConcertDapr.Sidecar.Api.Http;

/// <summary>The body is longer than the sidecar takes.</summary>
internal sealed class BodyTooLargeException() : Exception("stream too large");

/// <summary>Reading request bodies.</summary>
internal static class HttpBody
{
    private static readonly JsonReaderOptions Lenient = new() { MaxDepth = 1000 };

    /// <exception cref="BodyTooLargeException">More than <paramref name="limit"/> bytes.</exception>
    /// <exception cref="BadHttpRequestException">It is no HTTP, or ends before its time.</exception>
    public static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request, long limit)
    {
        try
        {
            return await ReadAllAsync(request, limit);
        }
        catch (IOException e) when (e is not (BadHttpRequestException or ConnectionResetException))
        {
            throw new BadHttpRequestException(e.Message, StatusCodes.Status400BadRequest, e);
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAllAsync(HttpRequest request, long limit)
    {
        var cancellationToken = request.HttpContext.RequestAborted;
        if (request.ContentLength is { } length)
        {
            if (length > limit) throw new BodyTooLargeException();
            if (length == 0) return default;
            var bytes = new byte[length];
            await request.Body.ReadExactlyAsync(bytes, cancellationToken);
            return bytes;
        }
        using var copy = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await request.Body.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (copy.Length + read > limit) throw new BodyTooLargeException();
            copy.Write(buffer, 0, read);
        }
        return copy.GetBuffer().AsMemory(0, (int)copy.Length);
    }

    /// <summary>The first JSON value; what follows it is ignored.</summary>
    /// <exception cref="JsonException">Nothing, or no JSON.</exception>
    public static JsonDocument ParseFirst(ReadOnlyMemory<byte> body)
    {
        var reader = new Utf8JsonReader(body.Span, Lenient);
        try
        {
            return JsonDocument.ParseValue(ref reader);
        }
        catch (JsonException e) when (body.Span.IndexOfAnyExcept(" \t\r\n"u8) < 0)
        {
            throw new JsonException("EOF", e);
        }
        catch (JsonException e)
        {
            throw new JsonException($"invalid character: {e.Message}", e);
        }
    }
}
