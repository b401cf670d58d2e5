using System.Text.Json;

namespace Dapr.Actors.Client;

/// <summary>Calls an actor's methods by name with at most one argument, written as JSON.</summary>
public class ActorProxy : IActorProxy
{
    private readonly ActorProxyOptions _options = new();

    protected internal ActorProxy()
    {
    }

    /// <summary>The factory behind the static methods; addresses and token come from the environment.</summary>
    public static IActorProxyFactory DefaultProxyFactory { get; } = new ActorProxyFactory();

    public ActorId ActorId { get; private protected init; } = null!;

    public string ActorType { get; private protected init; } = null!;

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

    public Task<TResponse> InvokeMethodAsync<TRequest, TResponse>(
        string method, TRequest data, CancellationToken cancellationToken = default) => throw new NotImplementedException();

    public Task InvokeMethodAsync<TRequest>(
        string method, TRequest data, CancellationToken cancellationToken = default) => throw new NotImplementedException();

    public Task<TResponse> InvokeMethodAsync<TResponse>(
        string method, CancellationToken cancellationToken = default) => throw new NotImplementedException();

    public Task InvokeMethodAsync(string method, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();
}
