using System.Text.Json;

namespace Dapr.Actors.Client;

/// <summary>Calls an actor's methods by name with at most one argument, written as JSON.</summary>
public class ActorProxy : IActorProxy
{
    private readonly SidecarActors _sidecar;
    private readonly JsonSerializerOptions _json;

    internal ActorProxy(SidecarActors sidecar, JsonSerializerOptions json) => (_sidecar, _json) = (sidecar, json);

    /// <summary>The factory behind the static methods; addresses and token come from the environment.</summary>
    public static IActorProxyFactory DefaultProxyFactory { get; } = new ActorProxyFactory();

    public ActorId ActorId { get; internal init; } = null!;

    public string ActorType { get; internal init; } = null!;

    /// <inheritdoc cref="IActorProxyFactory.CreateActorProxy{TActorInterface}"/>
    public static TActorInterface Create<TActorInterface>(
        ActorId actorId, string actorType, ActorProxyOptions? options = null)
        where TActorInterface : IActor =>
        DefaultProxyFactory.CreateActorProxy<TActorInterface>(actorId, actorType, options);

    /// <inheritdoc cref="IActorProxyFactory.CreateActorProxy{TActorInterface}"/>
    /// <exception cref="ArgumentException">The interface is no <see cref="IActor"/>.</exception>
    public static object Create(
        ActorId actorId, Type actorInterfaceType, string actorType, ActorProxyOptions? options = null)
    {
        if (!typeof(IActor).IsAssignableFrom(actorInterfaceType))
            throw new ArgumentException("The interface must implement IActor.", nameof(actorInterfaceType));
        return DefaultProxyFactory.CreateActorProxy(actorId, actorInterfaceType, actorType, options);
    }

    /// <inheritdoc cref="IActorProxyFactory.Create"/>
    public static ActorProxy Create(ActorId actorId, string actorType, ActorProxyOptions? options = null) =>
        DefaultProxyFactory.Create(actorId, actorType, options);

    public async Task<TResponse> InvokeMethodAsync<TRequest, TResponse>(
        string method, TRequest data, CancellationToken cancellationToken = default) =>
        Read<TResponse>(await SendAsync(method, JsonSerializer.SerializeToUtf8Bytes(data, _json), cancellationToken));

    public Task InvokeMethodAsync<TRequest>(
        string method, TRequest data, CancellationToken cancellationToken = default) =>
        SendAsync(method, JsonSerializer.SerializeToUtf8Bytes(data, _json), cancellationToken);

    public async Task<TResponse> InvokeMethodAsync<TResponse>(
        string method, CancellationToken cancellationToken = default) =>
        Read<TResponse>(await SendAsync(method, null, cancellationToken));

    public Task InvokeMethodAsync(string method, CancellationToken cancellationToken = default) =>
        SendAsync(method, null, cancellationToken);

    /// <exception cref="DaprApiException">The method threw, or could not be called.</exception>
    private async Task<byte[]> SendAsync(string method, byte[]? body, CancellationToken cancellationToken) =>
        (await _sidecar.InvokeAsync(
            ActorType, ActorId.GetId(), method, body, "application/json; charset=utf-8", null, cancellationToken)).Body;

    private TResponse Read<TResponse>(byte[] body) => JsonSerializer.Deserialize<TResponse>(body, _json)!;
}
