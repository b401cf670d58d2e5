using System.Globalization;
using ConcertDapr.Sidecar.Components;
using ConcertDapr.Sidecar.State;
using Grpc.Core;

namespace ConcertDapr.Sidecar.Api;

/// <summary>A write or delete as a caller asked for it, keys without prefix, options as text.</summary>
/// <param name="Value">Bytes to store; of no use for a delete.</param>
/// <param name="Concurrency"><c>first-write</c>, <c>last-write</c> or nothing.</param>
/// <param name="Consistency"><c>strong</c>, <c>eventual</c> or nothing.</param>
internal sealed record StateRequest(string Key, ReadOnlyMemory<byte> Value, string? ETag = null,
    string? Concurrency = null, string? Consistency = null, IReadOnlyDictionary<string, string>? Metadata = null);

/// <summary>One operation of a state transaction: <c>upsert</c> or <c>delete</c>.</summary>
internal sealed record StateTransactionOperation(string Operation, StateRequest Request);

/// <summary>State over any protocol. Every method throws <see cref="DaprError"/> and nothing else for what callers may cause.</summary>
internal sealed class StateApi(string appId, IReadOnlyDictionary<string, StateComponent> components)
{
    private static readonly Func<Exception, bool> IsETagProblem = e => e is ETagMismatchException or InvalidETagException;

    public IReadOnlyDictionary<string, StateComponent> Components => components;

    /// <summary>The component of this name.</summary>
    public StateComponent Find(string store)
    {
        if (components.TryGetValue(store, out var component)) return component;
        return components.Count == 0
            ? throw new DaprError(500, "ERR_STATE_STORE_NOT_CONFIGURED", StatusCode.FailedPrecondition, $"state store {store} is not configured")
            {
                Details = [new ErrorDetail.Info("DAPR_STATE_NOT_CONFIGURED", null)],
                HttpDetails = [new ErrorDetail.Info("DAPR_STATE_NOT_CONFIGURED", AppMetadata)],
            }
            : throw new DaprError(400, "ERR_STATE_STORE_NOT_FOUND", StatusCode.InvalidArgument, $"state store {store} is not found")
            {
                Details = [new ErrorDetail.Info("DAPR_STATE_NOT_FOUND", null)],
                HttpDetails = [new ErrorDetail.Info("DAPR_STATE_NOT_FOUND", AppMetadata)],
            };
    }

    private Dictionary<string, string> AppMetadata => new() { ["appID"] = appId };

    /// <summary>The item, or null when the key is missing (or empty).</summary>
    public async Task<StateItem?> GetAsync(string store, string key, CancellationToken cancellationToken)
    {
        var component = Find(store);
        if (key.Length == 0) return null;
        var full = FullKey(component, key);
        try
        {
            return await component.Outbound.RunAsync(token => component.Store.GetAsync(full, token).AsTask(), cancellationToken);
        }
        catch (Exception e) when (IsFailure(e, cancellationToken))
        {
            throw Failed(500, "ERR_STATE_GET", StatusCode.Internal, $"fail to get {key} from state store {store}: {e.Message}", e);
        }
    }

    /// <summary>Items in the order of the keys, null where missing.</summary>
    public async Task<IReadOnlyList<BulkStateItem>> GetBulkAsync(
        string store, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var component = Find(store);
        if (keys.Count == 0) return [];
        string[] full = [.. keys.Select(key => FullKey(component, key))];
        try
        {
            var items = await component.Outbound.RunAsync(token => component.Store.GetManyAsync(full, token).AsTask(), cancellationToken);
            return [.. keys.Zip(items, (key, item) => new BulkStateItem(key, key.Length == 0 ? null : item, null))];
        }
        catch (Exception e) when (e is Redis.RedisServerException or StateStoreException)
        {
            return await GetOneByOneAsync(component, keys, full, cancellationToken);
        }
        catch (Exception e) when (IsFailure(e, cancellationToken))
        {
            throw Failed(500, "ERR_STATE_BULK_GET", StatusCode.Internal, e.Message, e);
        }
    }

    /// <summary>Writes one item, or several independently of each other (some may be written although the call fails).</summary>
    public async Task SaveAsync(string store, IReadOnlyList<StateRequest> items, CancellationToken cancellationToken)
    {
        var component = Find(store);
        var prefix = $"failed saving state in state store {store}: ";
        await ExecuteAllAsync(component, items, ToSet, prefix, "ERR_STATE_SAVE", cancellationToken);
    }

    public Task DeleteAsync(string store, StateRequest request, CancellationToken cancellationToken)
    {
        var component = Find(store);
        var prefix = $"failed deleting state with key {request.Key}: ";
        return ExecuteAllAsync(component, [request], ToDelete, prefix, "ERR_STATE_DELETE", cancellationToken);
    }

    /// <summary>gRPC only: deletes several keys independently of each other.</summary>
    public Task DeleteBulkAsync(string store, IReadOnlyList<StateRequest> requests, CancellationToken cancellationToken)
    {
        var component = Find(store);
        var prefix = $"failed deleting state in state store {store}: ";
        return ExecuteAllAsync(component, requests, ToDelete, prefix, "ERR_STATE_BULK_DELETE", cancellationToken);
    }

    /// <summary>All operations back to back; see <see cref="IStateStore.TransactAsync"/> for what Redis leaves behind.</summary>
    public async Task TransactAsync(
        string store, IReadOnlyList<StateTransactionOperation> operations, CancellationToken cancellationToken)
    {
        var component = Find(store);
        foreach (var operation in operations)
            if (operation.Operation is not ("upsert" or "delete")) throw UnknownOperation(operation.Operation);
        foreach (var operation in operations) _ = FullKey(component, operation.Request.Key);
        if (operations.Count == 0) return;
        try
        {
            StateOperation[] all = [.. operations.Select(operation => ToTransacted(component, operation))];
            // A refused etag stays refused; on Redis a repetition would apply the other operations again.
            await component.Outbound.RunAsync(
                token => component.Store.TransactAsync(all, token).AsTask(), cancellationToken, IsETagProblem);
        }
        catch (Exception e) when (IsFailure(e, cancellationToken))
        {
            throw Failed(500, "ERR_STATE_TRANSACTION", StatusCode.Internal, $"error while executing state transaction: {TransactionText(component, e)}", e);
        }
    }

    /// <summary>The query API: neither store can answer it (Redis would need modules for it).</summary>
    public DaprError RefuseQuery(string store)
    {
        var (status, code, reason, message) = Find(store).IsRedis
            ? (StatusCode.Internal, "ERR_STATE_QUERY", "DAPR_STATE_QUERY_FAILED",
                $"state store {store} query failed: redis-json server support is required for query capability")
            : (StatusCode.Internal, "ERR_STATE_STORE_NOT_SUPPORTED", "DAPR_STATE_QUERYING_NOT_SUPPORTED", "state store does not support querying");
        ErrorDetail[] details = [new ErrorDetail.Resource("state", store, "", ""), new ErrorDetail.Info(reason, null)];
        return new DaprError(500, code, status, message) { Details = details, HttpDetails = details };
    }

    /// <summary>A failure of the component or of the request's options: everything but the caller's own cancellation.</summary>
    public static bool IsFailure(Exception e, CancellationToken cancellationToken) =>
        e is not DaprError && !(e is OperationCanceledException && cancellationToken.IsCancellationRequested);

    private static DaprError UnknownOperation(string operation) => Failed(
        400, "ERR_NOT_SUPPORTED_STATE_OPERATION", StatusCode.Unimplemented, $"operation type {operation} not supported");

    private static string TransactionText(StateComponent component, Exception e) => e switch
    {
        InvalidETagException => $"invalid etag value: {e.Message}",
        ETagMismatchException => component.IsRedis ? e.Message : ETagText(e),
        _ => e.Message,
    };

    private static async Task<IReadOnlyList<BulkStateItem>> GetOneByOneAsync(
        StateComponent component, IReadOnlyList<string> keys, string[] full, CancellationToken cancellationToken)
    {
        var items = new BulkStateItem[keys.Count];
        for (var i = 0; i < items.Length; i++)
        {
            try
            {
                items[i] = new BulkStateItem(keys[i], await component.Store.GetAsync(full[i], cancellationToken), null);
            }
            catch (Exception e) when (IsFailure(e, cancellationToken))
            {
                items[i] = new BulkStateItem(keys[i], null, e.Message);
            }
        }
        return items;
    }

    private static string FullKey(StateComponent component, string key) => !key.Contains(KeyPrefix.Separator, StringComparison.Ordinal)
        ? component.Prefix.Apply(key)
        : throw IllegalKey(component.Name, key);

    private static DaprError IllegalKey(string store, string key)
    {
        var message = $"input key/keyPrefix '{key}' can't contain '||'";
        var http = $"api error: code = InvalidArgument desc = {message}";
        return new DaprError(400, "ERR_MALFORMED_REQUEST", StatusCode.InvalidArgument, message)
        {
            HttpMessage = http,
            Details = Details(message),
            HttpDetails = Details(http),
        };

        ErrorDetail[] Details(string violation) =>
        [
            new ErrorDetail.BadRequest(key, violation),
            new ErrorDetail.Resource("state", store, "", ""),
            new ErrorDetail.Info("DAPR_STATE_ILLEGAL_KEY", null),
        ];
    }

    private static StateOperation ToSet(StateComponent component, StateRequest request)
    {
        CheckConsistency(request);
        return new StateSet(component.Prefix.Apply(request.Key), request.Value, request.ETag, Concurrency(request), Ttl(component, request));
    }

    private static StateOperation ToDelete(StateComponent component, StateRequest request)
    {
        CheckConsistency(request);
        return new StateDelete(component.Prefix.Apply(request.Key), request.ETag, Concurrency(request));
    }

    private static StateOperation ToTransacted(StateComponent component, StateTransactionOperation operation)
    {
        // Redis does not look at a transaction's options; an unknown word there means last-write as before.
        var request = component.IsRedis && operation.Request.Concurrency != "last-write"
            ? operation.Request with { Concurrency = null, Consistency = null }
            : operation.Request with { Consistency = null };
        return operation.Operation == "upsert" ? ToSet(component, request) : ToDelete(component, request);
    }

    private static StateConcurrency Concurrency(StateRequest request) => request.Concurrency switch
    {
        null or "" => StateConcurrency.Unspecified,
        "first-write" => StateConcurrency.FirstWrite,
        "last-write" => StateConcurrency.LastWrite,
        var other => throw new StateStoreException($"unrecognized concurrency model '{other}'"),
    };

    private static void CheckConsistency(StateRequest request)
    {
        if (request.Consistency is not (null or "" or "strong" or "eventual"))
            throw new StateStoreException($"unrecognized consistency model '{request.Consistency}'");
    }

    private static long? Ttl(StateComponent component, StateRequest request)
    {
        var text = request.Metadata?.FirstOrDefault(pair => pair.Key.Equals("ttlInSeconds", StringComparison.OrdinalIgnoreCase)).Value;
        if (string.IsNullOrEmpty(text)) return null;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds)
            ? seconds
            : throw new StateStoreException(component.IsRedis
                ? $"failed to parse ttl from metadata: strconv.ParseInt: parsing \"{text}\": invalid syntax"
                : $"strconv.Atoi: parsing \"{text}\": invalid syntax");
    }

    private static async Task ExecuteAllAsync(StateComponent component, IReadOnlyList<StateRequest> requests,
        Func<StateComponent, StateRequest, StateOperation> convert, string prefix, string errorCode, CancellationToken cancellationToken)
    {
        // One illegal key refuses them all, before anything is written.
        foreach (var request in requests) _ = FullKey(component, request.Key);
        var failures = await Task.WhenAll(requests.Select(request => ExecuteAsync(component, request, convert, cancellationToken)));
        List<Exception> failed = [.. failures.OfType<Exception>()];
        if (failed.Count == 0) return;
        cancellationToken.ThrowIfCancellationRequested();
        throw ToError(failed, requests.Count > 1, prefix, errorCode);
    }

    private static async Task<Exception?> ExecuteAsync(StateComponent component, StateRequest request,
        Func<StateComponent, StateRequest, StateOperation> convert, CancellationToken cancellationToken)
    {
        StateOperation? operation = null;
        try
        {
            operation = convert(component, request);
            await component.Outbound.RunAsync(token => component.Store.ExecuteAsync(operation, token).AsTask(), cancellationToken,
                component.Outbound.IsNone ? null : e => IsETagProblem(AsReported(operation, e)));
            return null;
        }
        catch (Exception e) when (e is not DaprError)
        {
            return AsReported(operation, e);
        }
    }

    /// <summary>
    /// Like daprd's Redis component, which does not ask why: what fails with an etag, and every failed delete, may be a
    /// mismatch. A caller that reads again learns the truth.
    /// </summary>
    private static Exception AsReported(StateOperation? operation, Exception e)
    {
        if (operation is null || e is not (Redis.RedisServerException or Redis.RedisConnectionException)) return e;
        return operation is StateSet && string.IsNullOrEmpty(operation.ETag)
            ? new StateStoreException($"failed to set key {operation.Key}: {e.Message}", e)
            : new ETagMismatchException(e.Message, e);
    }

    private static DaprError ToError(List<Exception> failures, bool several, string prefix, string errorCode)
    {
        List<Exception> etags = failures.FindAll(e => IsETagProblem(e));
        if (etags.Count == 0)
            return Failed(500, errorCode, StatusCode.Internal, prefix + string.Join("\n", failures.Select(e => e.Message)), failures[0]);
        // Beside other failures only the first etag problem is told.
        var told = etags.Count == failures.Count ? etags : [etags[0]];
        var invalid = told.Exists(e => e is InvalidETagException);
        var text = string.Join("\n", told.Select(ETagText));
        if (several && told == etags) text = ETagPrefix(invalid) + text;
        return Failed(invalid ? 400 : 409, errorCode, invalid ? StatusCode.InvalidArgument : StatusCode.Aborted, prefix + text, etags[0]);
    }

    private static string ETagText(Exception e) => ETagPrefix(e is InvalidETagException) + e.Message;

    private static string ETagPrefix(bool invalid) =>
        invalid ? "invalid etag value: " : "possible etag mismatch. error from state store: ";

    private static DaprError Failed(int status, string errorCode, StatusCode grpc, string message, Exception? inner = null) =>
        new(status, errorCode, grpc, message, inner) { Details = [new ErrorDetail.Info(errorCode, null)] };
}

/// <summary>One answer of a bulk get: the item, nothing, or the error of this key.</summary>
internal sealed record BulkStateItem(string Key, StateItem? Item, string? Error);
