namespace Dapr.Actors.Runtime;

/// <summary>A value, or none.</summary>
public readonly struct ConditionalValue<TValue>(bool hasValue, TValue value)
{
    public bool HasValue { get; } = hasValue;

    public TValue Value { get; } = value;
}

/// <summary>What called an actor.</summary>
public enum ActorCallType
{
    ActorInterfaceMethod,
    TimerMethod,
    ReminderMethod,
}

/// <summary>The call an actor is in.</summary>
public readonly struct ActorMethodContext
{
    internal ActorMethodContext(string methodName, ActorCallType callType)
    {
        MethodName = methodName;
        CallType = callType;
    }

    public string MethodName { get; }

    public ActorCallType CallType { get; }
}

/// <summary>What a turn did to a state.</summary>
public enum StateChangeKind
{
    None,
    Add,
    Update,
    Remove,
}

/// <summary>Whether a changed state may be forgotten.</summary>
public class UnloadStateOptions
{
    public bool AllowUnloadingWhenStateModified { get; set; }
}

/// <summary>
/// The state of an actor by name. Changes stay in memory until <see cref="SaveStateAsync"/>, which every turn ends with.
/// </summary>
public interface IActorStateManager
{
    /// <exception cref="InvalidOperationException">The name exists.</exception>
    Task AddStateAsync<T>(string stateName, T value, CancellationToken cancellationToken = default);

    /// <inheritdoc cref="AddStateAsync{T}(string, T, CancellationToken)"/>
    Task AddStateAsync<T>(string stateName, T value, TimeSpan ttl, CancellationToken cancellationToken = default);

    /// <exception cref="KeyNotFoundException">There is no such state.</exception>
    Task<T> GetStateAsync<T>(string stateName, CancellationToken cancellationToken = default);

    Task SetStateAsync<T>(string stateName, T value, CancellationToken cancellationToken = default);

    /// <summary>Needs the sidecar's feature ActorStateTTL.</summary>
    Task SetStateAsync<T>(string stateName, T value, TimeSpan ttl, CancellationToken cancellationToken = default);

    /// <exception cref="KeyNotFoundException">There is no such state.</exception>
    Task RemoveStateAsync(string stateName, CancellationToken cancellationToken = default);

    Task<bool> TryAddStateAsync<T>(string stateName, T value, CancellationToken cancellationToken = default);

    Task<bool> TryAddStateAsync<T>(string stateName, T value, TimeSpan ttl, CancellationToken cancellationToken = default);

    Task<ConditionalValue<T>> TryGetStateAsync<T>(string stateName, CancellationToken cancellationToken = default);

    Task<bool> TryRemoveStateAsync(string stateName, CancellationToken cancellationToken = default);

    Task<bool> ContainsStateAsync(string stateName, CancellationToken cancellationToken = default);

    Task<T> GetOrAddStateAsync<T>(string stateName, T value, CancellationToken cancellationToken = default);

    Task<T> GetOrAddStateAsync<T>(string stateName, T value, TimeSpan ttl, CancellationToken cancellationToken = default);

    Task<T> AddOrUpdateStateAsync<T>(
        string stateName, T addValue, Func<string, T, T> updateValueFactory, CancellationToken cancellationToken = default);

    Task<T> AddOrUpdateStateAsync<T>(
        string stateName, T addValue, Func<string, T, T> updateValueFactory, TimeSpan ttl,
        CancellationToken cancellationToken = default);

    /// <summary>Forgets everything that is in memory, changes too.</summary>
    Task ClearCacheAsync(CancellationToken cancellationToken = default);

    /// <summary>Sends the changes as one transaction; nothing is sent when there are none.</summary>
    Task SaveStateAsync(CancellationToken cancellationToken = default);

    /// <summary>Forgets one state.</summary>
    /// <exception cref="InvalidOperationException">It is changed and the options do not allow that.</exception>
    Task UnloadStateAsync(
        string stateName, UnloadStateOptions? options = null, CancellationToken cancellationToken = default);
}
