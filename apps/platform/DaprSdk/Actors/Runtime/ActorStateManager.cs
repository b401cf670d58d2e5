namespace Dapr.Actors.Runtime;
internal sealed class ActorStateManager(Actor actor) : IActorStateManager
{
    private readonly Actor _actor = actor;
    public Task AddStateAsync<T>(string stateName, T value, CancellationToken cancellationToken = default) => throw new NotImplementedException(_actor.Id.ToString());
    public Task AddStateAsync<T>(string stateName, T value, TimeSpan ttl, CancellationToken cancellationToken = default) => throw new NotImplementedException();
    public Task<T> GetStateAsync<T>(string stateName, CancellationToken cancellationToken = default) => throw new NotImplementedException();
    public Task SetStateAsync<T>(string stateName, T value, CancellationToken cancellationToken = default) => throw new NotImplementedException();
    public Task SetStateAsync<T>(string stateName, T value, TimeSpan ttl, CancellationToken cancellationToken = default) => throw new NotImplementedException();
    public Task RemoveStateAsync(string stateName, CancellationToken cancellationToken = default) => throw new NotImplementedException();
    public Task<bool> TryAddStateAsync<T>(string stateName, T value, CancellationToken cancellationToken = default) => throw new NotImplementedException();
    public Task<bool> TryAddStateAsync<T>(string stateName, T value, TimeSpan ttl, CancellationToken cancellationToken = default) => throw new NotImplementedException();
    public Task<ConditionalValue<T>> TryGetStateAsync<T>(string stateName, CancellationToken cancellationToken = default) => throw new NotImplementedException();
    public Task<bool> TryRemoveStateAsync(string stateName, CancellationToken cancellationToken = default) => throw new NotImplementedException();
    public Task<bool> ContainsStateAsync(string stateName, CancellationToken cancellationToken = default) => throw new NotImplementedException();
    public Task<T> GetOrAddStateAsync<T>(string stateName, T value, CancellationToken cancellationToken = default) => throw new NotImplementedException();
    public Task<T> GetOrAddStateAsync<T>(string stateName, T value, TimeSpan ttl, CancellationToken cancellationToken = default) => throw new NotImplementedException();
    public Task<T> AddOrUpdateStateAsync<T>(string stateName, T addValue, Func<string, T, T> updateValueFactory, CancellationToken cancellationToken = default) => throw new NotImplementedException();
    public Task<T> AddOrUpdateStateAsync<T>(string stateName, T addValue, Func<string, T, T> updateValueFactory, TimeSpan ttl, CancellationToken cancellationToken = default) => throw new NotImplementedException();
    public Task ClearCacheAsync(CancellationToken cancellationToken = default) => throw new NotImplementedException();
    public Task SaveStateAsync(CancellationToken cancellationToken = default) => throw new NotImplementedException();
    public Task UnloadStateAsync(string stateName, UnloadStateOptions? options = null, CancellationToken cancellationToken = default) => throw new NotImplementedException();
}
