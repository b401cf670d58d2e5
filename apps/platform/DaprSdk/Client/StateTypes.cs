namespace Dapr.Client;

/// <summary>How fresh a read or how durable a write must be.</summary>
public enum ConsistencyMode
{
    Eventual,
    Strong,
}

/// <summary>Whether a write checks the ETag (first write wins) or not (last write wins).</summary>
public enum ConcurrencyMode
{
    FirstWrite,
    LastWrite,
}

/// <summary>One operation of a state transaction.</summary>
public enum StateOperationType
{
    Upsert,
    Delete,
}

/// <summary>Options of a write; null leaves the store's default.</summary>
public class StateOptions
{
    public ConsistencyMode? Consistency { get; set; }

    public ConcurrencyMode? Concurrency { get; set; }
}

/// <summary>An operation of <see cref="DaprClient.ExecuteStateTransactionAsync"/>; the value is the stored bytes.</summary>
public sealed class StateTransactionRequest(
    string key,
    byte[]? value,
    StateOperationType operationType,
    string? etag = null,
    IReadOnlyDictionary<string, string>? metadata = null,
    StateOptions? options = null)
{
    public StateOptions? Options = options;

    public string Key { get; } = key ?? throw new ArgumentNullException(nameof(key));

    public byte[]? Value { get; set; } = value;

    public StateOperationType? OperationType { get; set; } = operationType;

    public string? ETag { get; set; } = etag;

    public IReadOnlyDictionary<string, string>? Metadata { get; set; } = metadata;
}

/// <summary>An item of <see cref="DaprClient.SaveBulkStateAsync{TValue}"/>.</summary>
public readonly struct SaveStateItem<TValue>(
    string key,
    TValue value,
    string? etag,
    StateOptions? stateOptions = null,
    IReadOnlyDictionary<string, string>? metadata = null)
{
    public string Key { get; } = key;

    public TValue Value { get; } = value;

    public string? ETag { get; } = etag;

    public StateOptions? StateOptions { get; } = stateOptions;

    public IReadOnlyDictionary<string, string>? Metadata { get; } = metadata;
}

/// <summary>An item of <see cref="DaprClient.DeleteBulkStateAsync"/>.</summary>
public readonly struct BulkDeleteStateItem(
    string key,
    string? etag,
    StateOptions? stateOptions = null,
    IReadOnlyDictionary<string, string>? metadata = null)
{
    public string Key { get; } = key;

    public string? ETag { get; } = etag;

    public StateOptions? StateOptions { get; } = stateOptions;

    public IReadOnlyDictionary<string, string>? Metadata { get; } = metadata;
}

/// <summary>A raw value of a bulk read; a missing key has an empty value and an empty ETag.</summary>
public readonly struct BulkStateItem(string key, string value, string etag)
{
    public string Key { get; } = key;

    public string Value { get; } = value;

    public string ETag { get; } = etag;
}

/// <summary>A value of a bulk read; a missing key has the type's default and an empty ETag.</summary>
public readonly struct BulkStateItem<TValue>(string key, TValue value, string etag)
{
    public string Key { get; } = key;

    public TValue Value { get; } = value;

    public string ETag { get; } = etag;
}
