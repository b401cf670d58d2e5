using System.Globalization;
using System.Text.Json;
using ConcertDapr.Sidecar.State;
using Microsoft.AspNetCore.Http;

namespace ConcertDapr.Sidecar.Api.Http;

/// <summary><c>/v1.0/state/{store}…</c></summary>
internal static class StateRoutes
{
    /// <summary>The handler for a path of two to four segments; null when none matches.</summary>
    public static Task? TryHandle(ApiCall call) => (call.Path.Count, call.Method) switch
    {
        (4, "GET") => GetAsync(call),
        (4, "DELETE") => DeleteAsync(call),
        (4, "POST" or "PUT") when call.Path[3] == "bulk" => GetBulkAsync(call),
        (4, "POST" or "PUT") when call.Path[3] == "transaction" => TransactAsync(call),
        (3, "POST" or "PUT") => SaveAsync(call),
        _ => null,
    };

    /// <summary><c>/v1.0-alpha1/state/{store}/query</c></summary>
    public static Task? TryHandleQuery(ApiCall call) => call.Path.Count == 4 && call.Path[3] == "query" && call.IsPostOrPut
        ? Task.FromException(call.Runtime.State.RefuseQuery(call.Path.Text(2)))
        : null;

    private static async Task GetAsync(ApiCall call)
    {
        var item = await call.Runtime.State.GetAsync(call.Path.Text(2), call.Path.Text(3), call.Aborted);
        if (item is null)
        {
            await Answers.NoContent(call.Context);
            return;
        }
        var headers = call.Context.Response.Headers;
        if (item.ETag is not null) headers.ETag = item.ETag;
        if (item.ExpiresAt is { } expires) headers["metadata.ttlExpireTime"] = ExpiryText(expires);
        await Answers.BytesAsync(call.Context, 200, item.Data);
    }

    private static async Task DeleteAsync(ApiCall call)
    {
        var etag = call.Context.Request.Headers.IfMatch is { Count: > 0 } match ? match[0] : null;
        var request = new StateRequest(call.Path.Text(3), default, etag, call.Path.Parameter("concurrency"),
            call.Path.Parameter("consistency"), call.Path.Metadata());
        await call.Runtime.State.DeleteAsync(call.Path.Text(2), request, call.Aborted);
        await Answers.NoContent(call.Context);
    }

    private static async Task SaveAsync(ApiCall call)
    {
        var store = call.Runtime.State.Find(call.Path.Text(2));
        using var document = await ParseAsync(call, "");
        var items = Items(document.RootElement, "[]state.SetRequest").Select(item => ReadSave(item, store.Json, call.Path.Metadata())).ToArray();
        await call.Runtime.State.SaveAsync(store.Name, items, call.Aborted);
        await Answers.NoContent(call.Context);
    }

    private static StateRequest ReadSave(JsonElement item, JsonStyle json, Dictionary<string, string> query)
    {
        var request = ReadRequest(item, json, query);
        return request.Key.Length > 0 ? request : throw ApiCall.Malformed("\"key\" is a required field");
    }

    private static StateRequest ReadRequest(JsonElement item, JsonStyle json, Dictionary<string, string> query)
    {
        if (item.ValueKind is not (JsonValueKind.Object or JsonValueKind.Null))
            throw ApiCall.Malformed($"json: cannot unmarshal {JsonFields.Name(item.ValueKind)} into Go value of type state.SetRequest");
        try
        {
            var options = item.Field("options");
            return new StateRequest(item.TextField("key") ?? "", json.Encode(item.Field("value")), item.TextField("etag"),
                options.TextField("concurrency"), options.TextField("consistency"), Merge(item.TextMapField("metadata"), query));
        }
        catch (JsonException e)
        {
            throw ApiCall.Malformed(e.Message);
        }
    }

    private static Dictionary<string, string> Merge(Dictionary<string, string> own, Dictionary<string, string> query)
    {
        foreach (var (name, value) in query) own[name] = value;
        return own;
    }

    private static async Task GetBulkAsync(ApiCall call)
    {
        var store = call.Runtime.State.Find(call.Path.Text(2));
        using var document = await ParseAsync(call, "failed deserializing HTTP body: ");
        var keys = Read(document.RootElement, "http.BulkGetRequest", root => root.ListField("keys").Select(KeyOf).ToArray());
        var items = await call.Runtime.State.GetBulkAsync(store.Name, keys, call.Aborted);
        await Answers.JsonAsync(call.Context, 200, writer => WriteBulk(writer, items));
    }

    private static string KeyOf(JsonElement key) => key.ValueKind == JsonValueKind.String
        ? key.GetString()!
        : throw JsonFields.WrongType(key, "keys", "string");

    private static void WriteBulk(Utf8JsonWriter writer, IReadOnlyList<BulkStateItem> items)
    {
        writer.WriteStartArray();
        foreach (var item in items)
        {
            writer.WriteStartObject();
            writer.WriteString("key", item.Key);
            if (item.Item is { } found) WriteFound(writer, found);
            if (item.Error is not null) writer.WriteString("error", item.Error);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteFound(Utf8JsonWriter writer, StateItem item)
    {
        if (item.Data.Length > 0) WriteData(writer, item.Data);
        if (item.ETag is not null) writer.WriteString("etag", item.ETag);
        if (item.ExpiresAt is not { } expires) return;
        writer.WriteStartObject("metadata");
        writer.WriteString("ttlExpireTime", ExpiryText(expires));
        writer.WriteEndObject();
    }

    /// <summary>A value that is no JSON comes as text, where daprd would answer nothing at all.</summary>
    private static void WriteData(Utf8JsonWriter writer, ReadOnlyMemory<byte> data)
    {
        writer.WritePropertyName("data");
        try
        {
            using var value = JsonDocument.Parse(data, new JsonDocumentOptions { MaxDepth = 1000 });
            writer.WriteRawValue(data.Span, skipInputValidation: true);
        }
        catch (JsonException)
        {
            writer.WriteStringValue(System.Text.Encoding.UTF8.GetString(data.Span));
        }
    }

    private static async Task TransactAsync(ApiCall call)
    {
        var store = call.Runtime.State.Find(call.Path.Text(2));
        using var document = await ParseAsync(call, "failed deserializing HTTP body: ");
        var query = call.Path.Metadata();
        var operations = Read(document.RootElement, "http.TransactionRequest",
            root => root.ListField("operations").Select(one => ReadOperation(one, store.Json, query)).ToArray());
        await call.Runtime.State.TransactAsync(store.Name, operations, call.Aborted);
        await Answers.NoContent(call.Context);
    }

    private static StateTransactionOperation ReadOperation(JsonElement operation, JsonStyle json, Dictionary<string, string> query) =>
        new(operation.TextField("operation") ?? "", operation.Field("request") is { ValueKind: not JsonValueKind.Undefined } request
            ? ReadRequest(request, json, query)
            : new StateRequest("", "null"u8.ToArray(), Metadata: query));

    private static T Read<T>(JsonElement root, string type, Func<JsonElement, T> read)
    {
        const string prefix = "failed deserializing HTTP body: ";
        if (root.ValueKind is not (JsonValueKind.Object or JsonValueKind.Null))
            throw ApiCall.Malformed($"{prefix}json: cannot unmarshal {JsonFields.Name(root.ValueKind)} into Go value of type {type}");
        try
        {
            return read(root);
        }
        catch (JsonException e)
        {
            throw ApiCall.Malformed(prefix + e.Message);
        }
    }

    private static JsonElement.ArrayEnumerator Items(JsonElement root, string type) => root.ValueKind switch
    {
        JsonValueKind.Array => root.EnumerateArray(),
        JsonValueKind.Null => default,
        _ => throw ApiCall.Malformed($"json: cannot unmarshal {JsonFields.Name(root.ValueKind)} into Go value of type {type}"),
    };

    private static async Task<JsonDocument> ParseAsync(ApiCall call, string prefix)
    {
        try
        {
            return HttpBody.ParseFirst(await call.ReadBodyAsync());
        }
        catch (Exception e) when (e is JsonException or BodyTooLargeException)
        {
            throw ApiCall.Malformed(prefix + e.Message);
        }
    }

    private static string ExpiryText(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
}
