namespace ConcertDapr.Sidecar.State;

/// <summary>One stored value. <paramref name="Data"/> may be empty; a missing key is a null item, not an empty one.</summary>
/// <param name="Data">The bytes as stored.</param>
/// <param name="ETag">The store's version text; null where the stored item has none (a plain Redis string).</param>
/// <param name="ExpiresAt">When the item expires, where the store reports it (in-memory does, Redis does not).</param>
public sealed record StateItem(ReadOnlyMemory<byte> Data, string? ETag, DateTimeOffset? ExpiresAt = null);

/// <summary>Concurrency asked for by a write; <see cref="Unspecified"/> behaves as last-write without the etag exemption.</summary>
public enum StateConcurrency { Unspecified, FirstWrite, LastWrite }

/// <summary>A write or a delete of one key, already carrying the store's full key (prefix included).</summary>
public abstract record StateOperation(string Key, string? ETag, StateConcurrency Concurrency);

/// <summary>Stores <paramref name="Data"/>. <paramref name="TtlSeconds"/>: null leaves an existing TTL as it is, ≤ 0 removes it.</summary>
public sealed record StateSet(string Key, ReadOnlyMemory<byte> Data, string? ETag = null,
    StateConcurrency Concurrency = StateConcurrency.Unspecified, long? TtlSeconds = null) : StateOperation(Key, ETag, Concurrency);

/// <summary>Deletes a key; a missing key is not an error.</summary>
public sealed record StateDelete(string Key, string? ETag = null,
    StateConcurrency Concurrency = StateConcurrency.Unspecified) : StateOperation(Key, ETag, Concurrency);

/// <summary>
/// No write, but the condition of a transaction that it must be the first of: the key holds exactly these bytes, or, with null,
/// there is no such key. Else nothing of the transaction is done.
/// </summary>
public sealed record StateExpect(string Key, ReadOnlyMemory<byte>? Data) : StateOperation(Key, null, StateConcurrency.Unspecified);

/// <summary>A state component: <c>state.redis</c> or <c>state.in-memory</c>. Keys are complete; the caller adds prefixes.</summary>
public interface IStateStore
{
    /// <summary>The item under <paramref name="key"/>, or null.</summary>
    ValueTask<StateItem?> GetAsync(string key, CancellationToken cancellationToken = default);

    /// <summary>Items in the order of <paramref name="keys"/>; null where a key is missing.</summary>
    ValueTask<IReadOnlyList<StateItem?>> GetManyAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken = default);

    /// <summary>One write or delete.</summary>
    /// <exception cref="ETagMismatchException">The operation carried an etag and the store refused it.</exception>
    /// <exception cref="InvalidETagException">The etag's text is not one of this store.</exception>
    ValueTask ExecuteAsync(StateOperation operation, CancellationToken cancellationToken = default);

    /// <summary>
    /// All operations back to back. In-memory is atomic; on Redis (MULTI/EXEC) a refused etag fails that operation alone,
    /// the others are applied, and the call throws (facts of daprd: no rollback).
    /// </summary>
    /// <exception cref="UnexpectedStateException">The transaction begins with a <see cref="StateExpect"/> that is not met.</exception>
    ValueTask TransactAsync(IReadOnlyList<StateOperation> operations, CancellationToken cancellationToken = default);

    /// <summary>Every key that begins with <paramref name="prefix"/> and ends with <paramref name="suffix"/> (either may be empty), in no order.</summary>
    IAsyncEnumerable<string> ListKeysAsync(string prefix, string suffix, CancellationToken cancellationToken = default);
}

/// <summary>A write carrying an etag was refused: the item has changed, or (in memory) is gone.</summary>
public sealed class ETagMismatchException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>An etag that cannot be one of this store (Redis: not an integer).</summary>
public sealed class InvalidETagException(string message) : Exception(message);

/// <summary>A transaction's expectation is not met; nothing of it was done.</summary>
public sealed class UnexpectedStateException(string key) : Exception($"'{key}' is not as it was last known");
