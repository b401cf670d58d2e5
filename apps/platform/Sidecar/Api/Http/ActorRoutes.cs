using System.Globalization;
using System.Text.Json;
using ConcertDapr.Sidecar.Actors;
using ConcertDapr.Sidecar.Invocation;
using ConcertDapr.Sidecar.State;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ConcertDapr.Sidecar.Api.Http;

/// <summary><c>/v1.0/actors/{type}/{id}/…</c></summary>
internal static class ActorRoutes
{
    private const string Prefix = "failed deserializing HTTP body: ";

    public static Task? TryHandle(ApiCall call) => (call.Path.Count, call.Path[4], call.Method) switch
    {
        (6, "method", "POST" or "GET" or "PUT" or "DELETE") => InvokeAsync(call),
        (6, "state", "GET") => GetStateAsync(call),
        (5, "state", "POST" or "PUT") => TransactAsync(call),
        (6, "reminders", "POST" or "PUT") => CreateReminderAsync(call),
        (6, "reminders", "GET") => GetReminderAsync(call),
        (6, "reminders", "DELETE") => DeleteReminderAsync(call),
        (6, "timers", "POST" or "PUT") => CreateTimerAsync(call),
        (6, "timers", "DELETE") => DeleteTimer(call),
        _ => null,
    };

    /// <summary>What of the caller's headers reaches the actor.</summary>
    public static IReadOnlyList<KeyValuePair<string, StringValues>> Headers(IHeaderDictionary headers) =>
        [.. headers.Where(header => !InvokeHeaders.IsHopByHop(header.Key) && header.Key is not ("Host" or "Content-Length" or "Content-Type"
            or "traceparent" or "tracestate" or "baggage" or "Traceparent" or "Tracestate" or "Baggage"))];

    private static ActorKey Actor(ApiCall call) => new(call.Path.Text(2), call.Path.Text(3));

    private static async Task InvokeAsync(ApiCall call)
    {
        var (body, method) = (await ReadBodyAsync(call), call.Path.Text(5));
        List<KeyValuePair<string, StringValues>> headers = [.. Headers(call.Context.Request.Headers), new("traceparent", call.Trace.Parent)];
        if (call.Trace.State is { } state) headers.Add(new("tracestate", state));
        if (call.Trace.Baggage is { } baggage) headers.Add(new("baggage", baggage));
        var reply = await call.Runtime.ActorApi.InvokeAsync(new ActorCall(
            Actor(call), "method/" + string.Join('/', method.Split('/').Select(PathText.Escape)), call.Path.Query, body, call.Context.Request.ContentType, headers,
            Connection: call.Context.Features), method, call.Aborted);
        await SendAsync(call.Context, reply);
    }

    public static async Task SendAsync(HttpContext context, ActorReply reply)
    {
        foreach (var (name, values) in reply.Headers)
            if (!name.Equals("traceparent", StringComparison.OrdinalIgnoreCase)) context.Response.Headers.Append(name, values);
        context.Response.ContentType ??= "application/json";
        context.Response.ContentLength = reply.Body.Length;
        await context.Response.Body.WriteAsync(reply.Body, context.RequestAborted);
    }

    private static async Task GetStateAsync(ApiCall call)
    {
        var item = await call.Runtime.ActorApi.GetStateAsync(Actor(call), call.Path.Text(5), call.Aborted);
        if (item is null || item.Data.Length == 0)
        {
            await Answers.NoContent(call.Context);
            return;
        }
        if (item.ExpiresAt is { } expires)
            call.Context.Response.Headers["metadata.ttlExpireTime"] = expires.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        await Answers.BytesAsync(call.Context, 200, item.Data);
    }

    private static async Task TransactAsync(ApiCall call)
    {
        using var document = await ParseAsync(call, JsonValueKind.Array, "[]api.TransactionalOperation");
        var (actor, root) = (Actor(call), document.RootElement);
        await call.Runtime.ActorApi.TransactAsync(actor, component => [.. root.EnumerateArray()
            .Select(operation => ReadOperation(call.Runtime.Actors.State, component, actor, operation))], call.Aborted);
        await Answers.NoContent(call.Context);
    }

    /// <exception cref="StateStoreException">The operation cannot be carried out.</exception>
    private static StateOperation ReadOperation(ActorState state, StateComponent component, ActorKey actor, JsonElement operation)
    {
        var kind = operation.TextField("operation");
        if (string.IsNullOrEmpty(kind)) throw new StateStoreException("operation is empty");
        if (kind is not ("upsert" or "delete")) throw new StateStoreException($"operation type {kind} not supported");
        var request = operation.Field("request");
        if (request.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null) throw new StateStoreException("request data is empty");
        if (request.TextField("key") is not { Length: > 0 } name) throw new StateStoreException("missing key");
        var key = state.KeyOf(actor, name);
        var etag = request.TextField("etag");
        return kind == "delete" ? new StateDelete(key, etag)
            : new StateSet(key, component.Json.Encode(request.Field("value")), etag, TtlSeconds: Ttl(state, request));
    }

    private static long? Ttl(ActorState state, JsonElement request)
    {
        var ttl = request.Field("metadata").Field("ttlInSeconds");
        if (ttl.ValueKind == JsonValueKind.Undefined) return null;
        if (!state.AllowsTtl) throw new StateStoreException("ttlInSeconds is not supported without the \"ActorStateTTL\" feature enabled");
        if (ttl.ValueKind != JsonValueKind.String)
            throw new StateStoreException($"1 error(s) decoding:\n\n* 'Metadata[ttlInSeconds]' expected type 'string', got unconvertible type 'float64', value: '{ttl.GetRawText()}'");
        return long.TryParse(ttl.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds)
            ? seconds
            : throw new StateStoreException($"failed to parse ttl from metadata: strconv.ParseInt: parsing \"{ttl.GetString()}\": invalid syntax");
    }

    private static async Task CreateReminderAsync(ApiCall call)
    {
        await call.Runtime.ActorApi.CreateReminderAsync(await ReadScheduleAsync(call), call.Aborted);
        await Answers.NoContent(call.Context);
    }

    private static async Task GetReminderAsync(ApiCall call)
    {
        var reminder = await call.Runtime.ActorApi.GetReminderAsync(Actor(call), call.Path.Text(5), call.Aborted);
        await Answers.JsonAsync(call.Context, 200, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("actorID", reminder.Id);
            writer.WriteString("actorType", reminder.Type);
            if (reminder.Data is not null)
            {
                writer.WritePropertyName("data");
                writer.WriteRawValue(reminder.Data, skipInputValidation: true);
            }
            if (reminder.DueTime.Length > 0) writer.WriteString("dueTime", reminder.DueTime);
            if (reminder.PeriodText is { } period) writer.WriteString("period", period);
            if (ActorTime.IsInstant(reminder.TtlText, out _)) writer.WriteString("ttl", reminder.TtlText);
            writer.WriteEndObject();
        });
    }

    private static async Task DeleteReminderAsync(ApiCall call)
    {
        await call.Runtime.ActorApi.DeleteReminderAsync(Actor(call), call.Path.Text(5), call.Aborted);
        await Answers.NoContent(call.Context);
    }

    private static async Task CreateTimerAsync(ApiCall call)
    {
        call.Runtime.ActorApi.CreateTimer(await ReadScheduleAsync(call));
        await Answers.NoContent(call.Context);
    }

    private static Task DeleteTimer(ApiCall call)
    {
        call.Runtime.ActorApi.DeleteTimer(Actor(call), call.Path.Text(5));
        return Answers.NoContent(call.Context);
    }

    private static async Task<ScheduleRequest> ReadScheduleAsync(ApiCall call)
    {
        using var document = await ParseAsync(call, JsonValueKind.Object, "api.createAlias");
        var root = document.RootElement;
        try
        {
            var data = root.Field("data");
            CheckFailurePolicy(root.Field("failure_policy"));
            return new ScheduleRequest(Actor(call), call.Path.Text(5), root.TextField("dueTime") ?? "", root.TextField("period") ?? "",
                root.TextField("ttl") ?? "", data.ValueKind == JsonValueKind.Undefined ? null : data.GetRawText(),
                root.TextField("callback") ?? "", root.Field("overwrite").ValueKind != JsonValueKind.False);
        }
        catch (JsonException e)
        {
            throw ApiCall.Malformed(Prefix + e.Message);
        }
    }

    /// <summary>Policies are accepted and not heeded over HTTP, as in daprd; other shapes are refused.</summary>
    private static void CheckFailurePolicy(JsonElement policy)
    {
        if (policy.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null) return;
        if (policy.ValueKind != JsonValueKind.Object) throw JsonFields.WrongType(policy, "failure_policy", "common.JobFailurePolicy");
        foreach (var member in policy.EnumerateObject())
            if (member.Name is not ("drop" or "constant") || member.Value.ValueKind != JsonValueKind.Object)
                throw JsonFields.WrongType(member.Value, $"failure_policy.{member.Name}", "common.isJobFailurePolicy_Policy");
    }

    private static async Task<JsonDocument> ParseAsync(ApiCall call, JsonValueKind wanted, string type)
    {
        try
        {
            var document = HttpBody.ParseFirst(await call.ReadBodyAsync());
            if (document.RootElement.ValueKind == wanted) return document;
            var kind = JsonFields.Name(document.RootElement.ValueKind);
            document.Dispose();
            throw ApiCall.Malformed($"{Prefix}json: cannot unmarshal {kind} into Go value of type {type}");
        }
        catch (Exception e) when (e is JsonException or BodyTooLargeException)
        {
            throw ApiCall.Malformed(Prefix + e.Message);
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadBodyAsync(ApiCall call)
    {
        try
        {
            return await call.ReadBodyAsync();
        }
        catch (BodyTooLargeException e)
        {
            throw new DaprError(400, "ERR_MALFORMED_REQUEST", StatusCode.InvalidArgument, Prefix + e.Message);
        }
    }
}
