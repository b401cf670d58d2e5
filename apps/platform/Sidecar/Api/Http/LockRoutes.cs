using System.Globalization;
using System.Text.Json;

namespace ConcertDapr.Sidecar.Api.Http;

/// <summary><c>POST /v1.0-alpha1/lock/{store}</c> and <c>…/unlock/{store}</c>; bodies are protobuf's JSON.</summary>
internal static class LockRoutes
{
    private const string Prefix = "failed deserializing HTTP body: proto: ";

    public static Task? TryHandle(ApiCall call) => (call.Path.Count, call.Method, call.Path[1]) switch
    {
        (3, "POST", "lock") => LockAsync(call),
        (3, "POST", "unlock") => UnlockAsync(call),
        _ => null,
    };

    private static async Task LockAsync(ApiCall call)
    {
        using var document = await ParseAsync(call);
        var body = document.RootElement;
        var success = await call.Runtime.Locks.TryLockAsync(call.Path.Text(2), Text(body, "resourceId", "resource_id"),
            Text(body, "lockOwner", "lock_owner"), Seconds(body), call.Aborted);
        await Answers.JsonAsync(call.Context, 200, writer =>
        {
            writer.WriteStartObject();
            writer.WriteBoolean("success", success);
            writer.WriteEndObject();
        });
    }

    private static async Task UnlockAsync(ApiCall call)
    {
        using var document = await ParseAsync(call);
        var body = document.RootElement;
        var status = await call.Runtime.Locks.UnlockAsync(call.Path.Text(2), Text(body, "resourceId", "resource_id"),
            Text(body, "lockOwner", "lock_owner"), call.Aborted);
        await Answers.JsonAsync(call.Context, 200, writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("status", (int)status);
            writer.WriteEndObject();
        });
    }

    private static async Task<JsonDocument> ParseAsync(ApiCall call)
    {
        try
        {
            var bytes = await call.ReadBodyAsync();
            var document = JsonDocument.Parse(bytes.IsEmpty ? "{}"u8.ToArray() : bytes);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
            throw ApiCall.Malformed(Prefix + "syntax error (line 1:1): unexpected token");
        }
        catch (Exception e) when (e is JsonException or BodyTooLargeException)
        {
            throw ApiCall.Malformed($"{Prefix}syntax error: {e.Message}");
        }
    }

    private static string Text(JsonElement body, string name, string other) => Member(body, name, other) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString()!,
        { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } => "",
        var wrong => throw ApiCall.Malformed($"{Prefix}invalid value for string field {name}: {wrong.GetRawText()}"),
    };

    private static int Seconds(JsonElement body)
    {
        var value = Member(body, "expiryInSeconds", "expiry_in_seconds");
        if (value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null) return 0;
        var text = value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText();
        return decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && number == decimal.Truncate(number) && number is >= int.MinValue and <= int.MaxValue
            ? (int)number
            : throw ApiCall.Malformed($"{Prefix}invalid value for int32 field expiryInSeconds: {value.GetRawText()}");
    }

    private static JsonElement Member(JsonElement body, string name, string other) =>
        body.TryGetProperty(name, out var value) || body.TryGetProperty(other, out value) ? value : default;
}
