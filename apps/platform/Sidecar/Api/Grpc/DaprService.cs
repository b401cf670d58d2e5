using ConcertDapr.Wire;
using ConcertDapr.Wire.Runtime;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using ExpiryFormat = System.Globalization.CultureInfo;
using StateConcurrency = ConcertDapr.Wire.Runtime.StateOptions.Types.StateConcurrency;
using StateConsistency = ConcertDapr.Wire.Runtime.StateOptions.Types.StateConsistency;
using WireItem = ConcertDapr.Wire.Runtime.StateItem;

namespace ConcertDapr.Sidecar.Api.Grpc;

/// <summary>State, publish, lock and shutdown of <c>dapr.proto.runtime.v1.Dapr</c>: a thin layer over the operations.</summary>
internal static class DaprService
{
    public static string Path(string method) => "/dapr.proto.runtime.v1.Dapr/" + method;

    public static GrpcServer AddDapr(this GrpcServer server, SidecarRuntime runtime) => server
        .AddState(runtime.State).AddPublish(runtime).AddLocks(runtime.Locks)
        .Unary(Path("Shutdown"), ShutdownRequest.Parser, (_, _) =>
        {
            runtime.RequestShutdown();
            return Task.FromResult(new Empty());
        });

    private static GrpcServer AddState(this GrpcServer server, StateApi state) => server
        .Operation(Path("GetState"), GetStateRequest.Parser, async (request, call) =>
            ToAnswer(await state.GetAsync(request.StoreName, request.Key, call.Cancellation)))
        .Operation(Path("GetBulkState"), GetBulkStateRequest.Parser, async (request, call) => new GetBulkStateResponse
        {
            Items = { (await state.GetBulkAsync(request.StoreName, request.Keys, call.Cancellation)).Select(ToBulkItem) },
        })
        .Operation(Path("SaveState"), SaveStateRequest.Parser, (request, call) => Done(SaveAsync(state, request, call.Cancellation)))
        .Operation<QueryStateRequest, Empty>(Path("QueryStateAlpha1"), QueryStateRequest.Parser, (request, _) => throw state.RefuseQuery(request.StoreName))
        .Operation(Path("DeleteState"), DeleteStateRequest.Parser, (request, call) => Done(state.DeleteAsync(request.StoreName,
            ToRequest(request.Key, ByteString.Empty, request.Etag, request.Options, request.Metadata), call.Cancellation)))
        .Operation(Path("DeleteBulkState"), DeleteBulkStateRequest.Parser, (request, call) =>
            Done(state.DeleteBulkAsync(request.StoreName, [.. request.States.Select(ToRequest)], call.Cancellation)))
        .Operation(Path("ExecuteStateTransaction"), ExecuteStateTransactionRequest.Parser, (request, call) => Done(state.TransactAsync(
            request.StoreName, [.. request.Operations.Select(o => new StateTransactionOperation(o.OperationType, ToRequest(o.Request ?? new())))],
            call.Cancellation)));

    private static GrpcServer AddPublish(this GrpcServer server, SidecarRuntime runtime)
    {
        server.Operation(Path("PublishEvent"), PublishEventRequest.Parser, (request, call) => Done(runtime.Publish.PublishAsync(
            request.PubsubName, request.Topic, request.Data.Memory, request.DataContentType, PublishMetadata(request.Metadata, TraceOf(call, runtime)),
            TraceOf(call, runtime), call.Cancellation)));
        foreach (var name in new[] { "BulkPublishEvent", "BulkPublishEventAlpha1" })
            server.Operation(Path(name), BulkPublishRequest.Parser, (request, call) => PublishBulkAsync(request, call, runtime));
        return server;
    }

    private static GrpcServer AddLocks(this GrpcServer server, LockApi locks) => server
        .Operation(Path("TryLockAlpha1"), TryLockRequest.Parser, async (request, call) => new TryLockResponse
        {
            Success = await locks.TryLockAsync(request.StoreName, request.ResourceId, request.LockOwner, request.ExpiryInSeconds, call.Cancellation),
        })
        .Operation(Path("UnlockAlpha1"), UnlockRequest.Parser, async (request, call) => new UnlockResponse
        {
            Status = (UnlockResponse.Types.Status)await locks.UnlockAsync(request.StoreName, request.ResourceId, request.LockOwner, call.Cancellation),
        });

    /// <summary>The trace of a call; unlike over HTTP a tracestate is not taken over.</summary>
    public static TraceContext TraceOf(GrpcCall call, SidecarRuntime runtime) =>
        call.Http.Features.Get<TraceContext>() ?? TraceContext.Of(call.Header("traceparent"), null, null, runtime.Tracing);

    private static async Task SaveAsync(StateApi state, SaveStateRequest request, CancellationToken cancellationToken)
    {
        var store = state.Find(request.StoreName);
        if (request.States.Any(item => item.Key.Length == 0))
            throw new DaprError(400, "ERR_STATE_SAVE", global::Grpc.Core.StatusCode.InvalidArgument, "state key cannot be empty")
            {
                Details = [new ErrorDetail.Info("ERR_STATE_SAVE", null)],
            };
        await state.SaveAsync(request.StoreName, [.. request.States.Select(item => ToRequest(item) with { Value = ValueOf(item, store.Json) })],
            cancellationToken);
    }

    /// <summary>Values are stored as they are, unless the caller calls them JSON: then as over HTTP.</summary>
    private static ReadOnlyMemory<byte> ValueOf(WireItem item, State.JsonStyle json)
    {
        if (!item.Metadata.TryGetValue("contentType", out var type) || type != "application/json" || item.Value.IsEmpty)
            return item.Value.Memory;
        try
        {
            using var document = System.Text.Json.JsonDocument.Parse(item.Value.Memory);
            return json.Encode(document.RootElement);
        }
        catch (System.Text.Json.JsonException)
        {
            return item.Value.Memory; // The name was wrong; bytes are bytes.
        }
    }

    /// <summary>Over gRPC an empty map is none at all, and an event without envelope has its trace beside it.</summary>
    private static Dictionary<string, string>? PublishMetadata(Google.Protobuf.Collections.MapField<string, string> metadata, TraceContext trace)
    {
        if (metadata.Count == 0)
            return null;
        var all = new Dictionary<string, string>(metadata);
        if (all.Any(pair => pair.Key.Equals("rawPayload", StringComparison.OrdinalIgnoreCase)))
            (all["traceid"], all["tracestate"]) = (trace.EventParent, trace.State ?? "");
        return all;
    }

    private static async Task<BulkPublishResponse> PublishBulkAsync(BulkPublishRequest request, GrpcCall call, SidecarRuntime runtime)
    {
        var events = request.Entries.Select(e => new BulkEvent(e.EntryId, e.Event.Memory, e.ContentType,
            e.Metadata.Count == 0 ? null : e.Metadata.AsReadOnly())).ToArray();
        var failures = await runtime.Publish.PublishBulkAsync(request.PubsubName, request.Topic, events, request.Metadata.AsReadOnly(),
            TraceOf(call, runtime), call.Cancellation);
        return new() { FailedEntries = { failures.Select(f => new BulkPublishFailedEntry { EntryId = f.EntryId, Error = f.Error }) } };
    }

    private static StateRequest ToRequest(WireItem item) => ToRequest(item.Key, item.Value, item.Etag, item.Options, item.Metadata);

    private static StateRequest ToRequest(string key, ByteString value, Etag? etag, StateOptions? options, IDictionary<string, string> metadata) =>
        new(key, value.Memory, etag?.Value, options?.Concurrency switch
        {
            StateConcurrency.ConcurrencyFirstWrite => "first-write",
            StateConcurrency.ConcurrencyLastWrite => "last-write",
            _ => null,
        }, options?.Consistency switch
        {
            StateConsistency.ConsistencyEventual => "eventual",
            StateConsistency.ConsistencyStrong => "strong",
            _ => null,
        }, metadata.AsReadOnly());

    private static GetStateResponse ToAnswer(State.StateItem? item)
    {
        var answer = new GetStateResponse();
        if (item is null)
            return answer;
        (answer.Data, answer.Etag) = (UnsafeByteOperations.UnsafeWrap(item.Data), item.ETag ?? "");
        AddExpiry(answer.Metadata, item);
        return answer;
    }

    private static Wire.Runtime.BulkStateItem ToBulkItem(BulkStateItem item)
    {
        var answer = new Wire.Runtime.BulkStateItem { Key = item.Key, Error = item.Error ?? "" };
        if (item.Item is not { } found)
            return answer;
        (answer.Data, answer.Etag) = (UnsafeByteOperations.UnsafeWrap(found.Data), found.ETag ?? "");
        AddExpiry(answer.Metadata, found);
        return answer;
    }

    private static void AddExpiry(Google.Protobuf.Collections.MapField<string, string> metadata, State.StateItem item)
    {
        if (item.ExpiresAt is { } expires)
            metadata["ttlExpireTime"] = expires.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", ExpiryFormat.InvariantCulture);
    }

    public static async Task<Empty> Done(Task done)
    {
        await done;
        return new Empty();
    }
}
