using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Wire = ConcertDapr.Wire.Runtime;

namespace Dapr.Client;

internal sealed partial class DaprGrpcClient
{
    public override async Task<TValue> GetStateAsync<TValue>(
        string storeName, string key, ConsistencyMode? consistencyMode = default,
        IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default) =>
        (await GetStateAndETagAsync<TValue>(storeName, key, consistencyMode, metadata, cancellationToken)).value;

    public override async Task<(TValue value, string etag)> GetStateAndETagAsync<TValue>(
        string storeName, string key, ConsistencyMode? consistencyMode = null,
        IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
    {
        var answer = await GetAsync(storeName, key, consistencyMode, metadata, cancellationToken);
        try
        {
            return (FromJson<TValue>(answer.Data)!, answer.Etag);
        }
        catch (JsonException e)
        {
            throw new DaprException(
                "State operation failed: the state payload could not be deserialized. See InnerException for details.", e);
        }
    }

    public override async Task<ReadOnlyMemory<byte>> GetByteStateAsync(
        string storeName, string key, ConsistencyMode? consistencyMode = null,
        IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default) =>
        (await GetAsync(storeName, key, consistencyMode, metadata, cancellationToken)).Data.Memory;

    public override async Task<(ReadOnlyMemory<byte>, string etag)> GetByteStateAndETagAsync(
        string storeName, string key, ConsistencyMode? consistencyMode = null,
        IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
    {
        var answer = await GetAsync(storeName, key, consistencyMode, metadata, cancellationToken);
        return (answer.Data.Memory, answer.Etag);
    }

    public override async Task<IReadOnlyList<BulkStateItem>> GetBulkStateAsync(
        string storeName, IReadOnlyList<string> keys, int? parallelism,
        IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
    {
        var items = await GetBulkAsync(storeName, keys, parallelism, metadata, cancellationToken);
        return [.. items.Select(i => new BulkStateItem(i.Key, i.Data.ToStringUtf8(), i.Etag))];
    }

    /// <exception cref="JsonException">A value cannot be read: like the official SDK, not wrapped here.</exception>
    public override async Task<IReadOnlyList<BulkStateItem<TValue>>> GetBulkStateAsync<TValue>(
        string storeName, IReadOnlyList<string> keys, int? parallelism,
        IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
    {
        var items = await GetBulkAsync(storeName, keys, parallelism, metadata, cancellationToken);
        return [.. items.Select(i => new BulkStateItem<TValue>(i.Key, FromJson<TValue>(i.Data)!, i.Etag))];
    }

    public override Task SaveStateAsync<TValue>(
        string storeName, string key, TValue value, StateOptions? stateOptions = null,
        IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default) =>
        SaveAsync(storeName, Item(key, JsonOrNull(value), null, stateOptions, metadata), cancellationToken);

    public override Task<bool> TrySaveStateAsync<TValue>(
        string storeName, string key, TValue value, string etag, StateOptions? stateOptions = null,
        IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(etag);
        return SaveAsync(storeName, Item(key, JsonOrNull(value), etag, stateOptions, metadata), cancellationToken);
    }

    public override Task SaveByteStateAsync(
        string storeName, string key, ReadOnlyMemory<byte> binaryValue, StateOptions? stateOptions = null,
        IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default) =>
        SaveAsync(
            storeName, Item(key, ByteString.CopyFrom(binaryValue.Span), null, stateOptions, metadata), cancellationToken);

    public override Task<bool> TrySaveByteStateAsync(
        string storeName, string key, ReadOnlyMemory<byte> binaryValue, string etag, StateOptions? stateOptions = null,
        IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(etag);
        return SaveAsync(
            storeName, Item(key, ByteString.CopyFrom(binaryValue.Span), etag, stateOptions, metadata), cancellationToken);
    }

    public override Task SaveBulkStateAsync<TValue>(
        string storeName, IReadOnlyList<SaveStateItem<TValue>> items, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(storeName);
        ArgumentNullException.ThrowIfNull(items);
        if (items.Count == 0)
            throw new ArgumentException("items do not contain any elements", nameof(items));
        var request = new Wire.SaveStateRequest { StoreName = storeName };
        request.States.AddRange(items.Select(i => Item(i.Key, JsonOrNull(i.Value), i.ETag, i.StateOptions, i.Metadata)));
        // Like the official SDK, this one call carries no API token: a sidecar that wants one refuses it.
        return CallAsync("State", "SaveState", request, Empty.Parser, cancellationToken, grpc.Anonymous);
    }

    public override Task DeleteStateAsync(
        string storeName, string key, StateOptions? stateOptions = null,
        IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default) =>
        DeleteAsync(storeName, key, null, stateOptions, metadata, cancellationToken);

    public override Task<bool> TryDeleteStateAsync(
        string storeName, string key, string etag, StateOptions? stateOptions = null,
        IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(etag);
        return DeleteAsync(storeName, key, etag, stateOptions, metadata, cancellationToken);
    }

    public override Task DeleteBulkStateAsync(
        string storeName, IReadOnlyList<BulkDeleteStateItem> items, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(items);
        var request = new Wire.DeleteBulkStateRequest { StoreName = storeName };
        request.States.AddRange(items.Select(i => Item(i.Key, null, i.ETag, i.StateOptions, i.Metadata)));
        return CallAsync("State", "DeleteBulkState", request, Empty.Parser, cancellationToken);
    }

    public override Task ExecuteStateTransactionAsync(
        string storeName, IReadOnlyList<StateTransactionRequest> operations,
        IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(storeName);
        ArgumentNullException.ThrowIfNull(operations);
        if (operations.Count == 0)
            throw new ArgumentException($"{nameof(operations)} does not contain any elements", nameof(operations));
        var request = new Wire.ExecuteStateTransactionRequest { StoreName = storeName };
        request.Operations.AddRange(operations.Select(Operation));
        Copy(metadata, request.Metadata);
        return CallAsync("State", "ExecuteStateTransaction", request, Empty.Parser, cancellationToken);
    }

    private Task<Wire.GetStateResponse> GetAsync(
        string storeName, string key, ConsistencyMode? consistency,
        IReadOnlyDictionary<string, string>? metadata, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(storeName);
        ArgumentException.ThrowIfNullOrEmpty(key);
        var request = new Wire.GetStateRequest { StoreName = storeName, Key = key, Consistency = Map(consistency) };
        Copy(metadata, request.Metadata);
        return CallAsync("State", "GetState", request, Wire.GetStateResponse.Parser, cancellationToken);
    }

    private async Task<IEnumerable<Wire.BulkStateItem>> GetBulkAsync(
        string storeName, IReadOnlyList<string> keys, int? parallelism,
        IReadOnlyDictionary<string, string>? metadata, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(storeName);
        ArgumentNullException.ThrowIfNull(keys);
        if (keys.Count == 0)
            throw new ArgumentException("keys do not contain any elements", nameof(keys));
        var request = new Wire.GetBulkStateRequest { StoreName = storeName, Parallelism = parallelism ?? 0 };
        request.Keys.AddRange(keys);
        Copy(metadata, request.Metadata);
        var answer = await CallAsync(
            "State", "GetBulkState", request, Wire.GetBulkStateResponse.Parser, cancellationToken);
        return answer.Items;
    }

    private Task<bool> SaveAsync(string storeName, Wire.StateItem item, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(storeName);
        var request = new Wire.SaveStateRequest { StoreName = storeName, States = { item } };
        return UnlessConflictAsync("SaveState", request, item.Etag, cancellationToken);
    }

    private Task<bool> DeleteAsync(
        string storeName, string key, string? etag, StateOptions? options,
        IReadOnlyDictionary<string, string>? metadata, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(storeName);
        ArgumentException.ThrowIfNullOrEmpty(key);
        var request = new Wire.DeleteStateRequest
        {
            StoreName = storeName,
            Key = key,
            Etag = etag is null ? null : new Wire.Etag { Value = etag },
            Options = Map(options),
        };
        Copy(metadata, request.Metadata);
        return UnlessConflictAsync("DeleteState", request, request.Etag, cancellationToken);
    }

    /// <summary>False only for a mismatch of an ETag that was given; every other failure throws.</summary>
    private async Task<bool> UnlessConflictAsync(
        string method, IMessage request, Wire.Etag? etag, CancellationToken cancellationToken)
    {
        try
        {
            await CallAsync("State", method, request, Empty.Parser, cancellationToken);
            return true;
        }
        catch (DaprException e) when (etag is not null && e.InnerException is RpcException { StatusCode: StatusCode.Aborted })
        {
            return false;
        }
    }

    /// <summary>Null is saved as no bytes at all, which reads back as the type's default.</summary>
    private ByteString? JsonOrNull<T>(T value) => value is null ? null : ToJson(value);

    private static Wire.StateItem Item(
        string key, ByteString? value, string? etag, StateOptions? options, IReadOnlyDictionary<string, string>? metadata)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        var item = new Wire.StateItem
        {
            Key = key,
            Value = value ?? ByteString.Empty,
            Etag = etag is null ? null : new Wire.Etag { Value = etag },
            Options = Map(options),
        };
        Copy(metadata, item.Metadata);
        return item;
    }

    private static Wire.TransactionalStateOperation Operation(StateTransactionRequest operation) => new()
    {
        OperationType = operation.OperationType switch
        {
            StateOperationType.Upsert => "upsert",
            StateOperationType.Delete => "delete",
            _ => "",
        },
        Request = Item(
            operation.Key,
            operation.Value is { } value ? ByteString.CopyFrom(value) : null,
            operation.ETag,
            operation.Options,
            operation.Metadata),
    };

    private static Wire.StateOptions? Map(StateOptions? options) => options is null ? null : new Wire.StateOptions
    {
        Consistency = Map(options.Consistency),
        Concurrency = options.Concurrency switch
        {
            null => Wire.StateOptions.Types.StateConcurrency.ConcurrencyUnspecified,
            ConcurrencyMode.FirstWrite => Wire.StateOptions.Types.StateConcurrency.ConcurrencyFirstWrite,
            ConcurrencyMode.LastWrite => Wire.StateOptions.Types.StateConcurrency.ConcurrencyLastWrite,
            _ => throw new ArgumentException($"{options.Concurrency} Concurrency Mode is not supported.", nameof(options)),
        },
    };

    private static Wire.StateOptions.Types.StateConsistency Map(ConsistencyMode? consistency) => consistency switch
    {
        null => Wire.StateOptions.Types.StateConsistency.ConsistencyUnspecified,
        ConsistencyMode.Eventual => Wire.StateOptions.Types.StateConsistency.ConsistencyEventual,
        ConsistencyMode.Strong => Wire.StateOptions.Types.StateConsistency.ConsistencyStrong,
        _ => throw new ArgumentException($"{consistency} Consistency Mode is not supported.", nameof(consistency)),
    };
}
