using System.Text.Json;

namespace Dapr.Actors.Runtime;

/// <summary>Remembers what was read and what has changed. A reentrant call has a memory of its own.</summary>
internal sealed class ActorStateManager(Actor actor) : IActorStateManager
{
    private readonly Dictionary<string, Entry> _shared = new(StringComparer.Ordinal);
    private readonly AsyncLocal<Dictionary<string, Entry>?> _ofThisCall = new();

    private Dictionary<string, Entry> Entries => _ofThisCall.Value ?? _shared;

    private IActorStateStore Store => actor.Host.StateStore ?? throw new InvalidOperationException(
        "The actor was initialized without a state provider, and so cannot interact with state. "
        + "In a unit test, replace Actor.StateManager.");

    public Task AddStateAsync<T>(string stateName, T value, CancellationToken cancellationToken = default) =>
        AddAsync(stateName, value, null, cancellationToken);

    public Task AddStateAsync<T>(string stateName, T value, TimeSpan ttl, CancellationToken cancellationToken = default) =>
        AddAsync(stateName, value, ttl, cancellationToken);

    public async Task<T> GetStateAsync<T>(string stateName, CancellationToken cancellationToken = default)
    {
        var found = await TryGetStateAsync<T>(stateName, cancellationToken);
        return found.HasValue ? found.Value : throw NotFound(stateName);
    }

    public Task SetStateAsync<T>(string stateName, T value, CancellationToken cancellationToken = default) =>
        SetAsync(stateName, value, null, cancellationToken);

    public Task SetStateAsync<T>(string stateName, T value, TimeSpan ttl, CancellationToken cancellationToken = default) =>
        SetAsync(stateName, value, ttl, cancellationToken);

    public async Task RemoveStateAsync(string stateName, CancellationToken cancellationToken = default)
    {
        if (!await TryRemoveStateAsync(stateName, cancellationToken))
            throw NotFound(stateName);
    }

    public Task<bool> TryAddStateAsync<T>(string stateName, T value, CancellationToken cancellationToken = default) =>
        TryAddAsync(stateName, value, null, cancellationToken);

    public Task<bool> TryAddStateAsync<T>(
        string stateName, T value, TimeSpan ttl, CancellationToken cancellationToken = default) =>
        TryAddAsync(stateName, value, ttl, cancellationToken);

    public async Task<ConditionalValue<T>> TryGetStateAsync<T>(
        string stateName, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stateName);
        if (Entries.TryGetValue(stateName, out var entry))
            return entry.IsGone ? default : new ConditionalValue<T>(true, (T)entry.Value!);
        return await LoadAsync<T>(stateName, cancellationToken) is { } loaded
            ? new ConditionalValue<T>(true, (T)loaded.Value!)
            : default;
    }

    public async Task<bool> TryRemoveStateAsync(string stateName, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stateName);
        if (!Entries.TryGetValue(stateName, out var entry))
        {
            if (!await ExistsAsync(stateName, cancellationToken))
                return false;
            Entries.Add(stateName, new Entry(null, typeof(object), StateChangeKind.Remove, null));
            return true;
        }

        if (entry.Kind == StateChangeKind.Remove)
            return false;
        var wasGone = entry.IsGone;
        if (wasGone || entry.Kind == StateChangeKind.Add)
            Entries.Remove(stateName);
        else
            entry.Kind = StateChangeKind.Remove;
        return !wasGone;
    }

    public async Task<bool> ContainsStateAsync(string stateName, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stateName);
        return Entries.TryGetValue(stateName, out var entry)
            ? entry.Kind != StateChangeKind.Remove
            : await ExistsAsync(stateName, cancellationToken);
    }

    public Task<T> GetOrAddStateAsync<T>(string stateName, T value, CancellationToken cancellationToken = default) =>
        GetOrAddAsync(stateName, value, null, cancellationToken);

    public Task<T> GetOrAddStateAsync<T>(
        string stateName, T value, TimeSpan ttl, CancellationToken cancellationToken = default) =>
        GetOrAddAsync(stateName, value, ttl, cancellationToken);

    public Task<T> AddOrUpdateStateAsync<T>(
        string stateName, T addValue, Func<string, T, T> updateValueFactory, CancellationToken cancellationToken = default) =>
        AddOrUpdateAsync(stateName, addValue, updateValueFactory, null, cancellationToken);

    public Task<T> AddOrUpdateStateAsync<T>(
        string stateName, T addValue, Func<string, T, T> updateValueFactory, TimeSpan ttl,
        CancellationToken cancellationToken = default) =>
        AddOrUpdateAsync(stateName, addValue, updateValueFactory, ttl, cancellationToken);

    public Task ClearCacheAsync(CancellationToken cancellationToken = default)
    {
        _ = Store;
        Entries.Clear();
        return Task.CompletedTask;
    }

    public Task SaveStateAsync(CancellationToken cancellationToken = default)
    {
        var store = Store;
        var changed = Entries.Where(e => e.Value.Kind != StateChangeKind.None).ToList();
        if (changed.Count == 0)
            return Task.CompletedTask;

        List<StateChange> changes =
            [.. changed.Select(e => new StateChange(e.Key, e.Value.Value, e.Value.Type, e.Value.Kind, e.Value.Expires))];
        // As in the official SDK the marks go before the answer comes: after a failed save the values look unmodified.
        foreach (var (name, entry) in changed)
        {
            if (entry.Kind == StateChangeKind.Remove)
                Entries.Remove(name);
            entry.Kind = StateChangeKind.None;
        }

        return store.SaveAsync(changes, cancellationToken);
    }

    public Task UnloadStateAsync(
        string stateName, UnloadStateOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stateName);
        if (Entries.TryGetValue(stateName, out var entry)
            && entry.Kind != StateChangeKind.None
            && options?.AllowUnloadingWhenStateModified is not true)
            throw new InvalidOperationException(
                $"Cannot unload state '{stateName}' because it has been modified and not yet persisted.");
        Entries.Remove(stateName);
        return Task.CompletedTask;
    }

    /// <summary>Gives the current call a memory of its own, which goes with the call.</summary>
    internal void Isolate(bool isolated) => _ofThisCall.Value = isolated ? new(StringComparer.Ordinal) : null;

    private async Task AddAsync<T>(string name, T value, TimeSpan? ttl, CancellationToken token)
    {
        if (!await TryAddAsync(name, value, ttl, token))
            throw new InvalidOperationException($"An actor state with given name {name} already exists.");
    }

    private async Task<bool> TryAddAsync<T>(string name, T value, TimeSpan? ttl, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (Entries.TryGetValue(name, out var entry))
        {
            if (entry.IsGone)
                Put(name, value, StateChangeKind.Update, ttl);
            return entry.IsGone;
        }

        if (await ExistsAsync(name, token))
            return false;
        Put(name, value, StateChangeKind.Add, ttl);
        return true;
    }

    private async Task SetAsync<T>(string name, T value, TimeSpan? ttl, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (Entries.TryGetValue(name, out var entry))
            Put(name, value, entry.Kind == StateChangeKind.Add ? StateChangeKind.Add : StateChangeKind.Update, ttl);
        else
            Put(name, value, await ExistsAsync(name, token) ? StateChangeKind.Update : StateChangeKind.Add, ttl);
    }

    private async Task<T> GetOrAddAsync<T>(string name, T value, TimeSpan? ttl, CancellationToken token)
    {
        var found = await TryGetStateAsync<T>(name, token);
        if (found.HasValue)
            return found.Value;
        var isRemoved = Entries.TryGetValue(name, out var entry) && entry.Kind == StateChangeKind.Remove;
        Put(name, value, isRemoved ? StateChangeKind.Update : StateChangeKind.Add, ttl);
        return value;
    }

    private async Task<T> AddOrUpdateAsync<T>(
        string name, T addValue, Func<string, T, T> update, TimeSpan? ttl, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(update);
        var entry = Entries.TryGetValue(name, out var known) ? known : await LoadAsync<T>(name, token);
        if (entry is null || entry.Kind == StateChangeKind.Remove)
        {
            Put(name, addValue, entry is null ? StateChangeKind.Add : StateChangeKind.Update, ttl);
            return addValue;
        }

        var value = update(name, (T)entry.Value!);
        if (known is null)
            Put(name, value, StateChangeKind.Update, ttl);
        else
            entry.Change(value);
        return value;
    }

    private async Task<Entry?> LoadAsync<T>(string name, CancellationToken token)
    {
        if (await Store.LoadAsync(name, token) is not { } stored)
            return null;
        var value = JsonSerializer.Deserialize<T>(stored.Json, actor.Host.JsonSerializerOptions);
        return Entries[name] = new Entry(value, typeof(T), StateChangeKind.None, stored.Expires);
    }

    private async Task<bool> ExistsAsync(string name, CancellationToken token) => await Store.LoadAsync(name, token) is not null;

    private void Put<T>(string name, T value, StateChangeKind kind, TimeSpan? ttl) =>
        Entries[name] = new Entry(value, typeof(T), kind, ttl is { } time ? DateTimeOffset.UtcNow.Add(time) : null);

    private static KeyNotFoundException NotFound(string name) => new($"Actor State with name {name} was not found.");

    private sealed class Entry(object? value, Type type, StateChangeKind kind, DateTimeOffset? expires)
    {
        public object? Value { get; private set; } = value;

        public Type Type => type;

        public StateChangeKind Kind { get; set; } = kind;

        public DateTimeOffset? Expires => expires;

        public bool IsGone => Kind == StateChangeKind.Remove || expires <= DateTimeOffset.UtcNow;

        public void Change(object? newValue)
        {
            Value = newValue;
            if (Kind == StateChangeKind.None)
                Kind = StateChangeKind.Update;
        }
    }
}
