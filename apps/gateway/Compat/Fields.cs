using System.Globalization;
using System.Text.Json;

namespace ConcertDapr.Gateway.Compat;

/// <summary>
/// A request body as older clients send it: numbers also as text, members missing where a script had nothing to put. What cannot
/// be read is null, and the refusal is the handler's.
/// </summary>
internal readonly record struct Fields(JsonElement Body)
{
    /// <summary>Reads a body; null where it is no JSON object.</summary>
    public static async Task<Fields?> ReadAsync(HttpContext http)
    {
        try
        {
            using var document = await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
            return document.RootElement.ValueKind == JsonValueKind.Object ? new Fields(document.RootElement.Clone()) : null;
        }
        catch (JsonException)
        {
            return null; // The caller answers 400.
        }
    }

    /// <summary>An integer, also as text.</summary>
    public long? Number(string name) => Member(name) switch
    {
        { ValueKind: JsonValueKind.Number } number when number.TryGetInt64(out var value) => value,
        { ValueKind: JsonValueKind.String } text => Number(text),
        _ => null,
    };

    /// <summary>Text.</summary>
    public string? Text(string name) => Member(name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    /// <summary>A nested object.</summary>
    public Fields? Object(string name) => Member(name) is { ValueKind: JsonValueKind.Object } value ? new Fields(value) : null;

    /// <summary>Whether the member is there and not null.</summary>
    public bool Has(string name) => Member(name) is { ValueKind: not JsonValueKind.Null };

    /// <summary>An integer in a path or query; null for anything else, such as <c>undefined</c>.</summary>
    public static long? Parse(string? text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static long? Number(JsonElement text) => Parse(text.GetString());

    private JsonElement? Member(string name) => Body.TryGetProperty(name, out var value) ? value : null;
}
