namespace Dapr.Actors.Client;

/// <inheritdoc />
public class ActorProxyFactory : IActorProxyFactory
{
    private readonly HttpMessageHandler? _handler;

    public ActorProxyFactory(ActorProxyOptions? options = null, HttpMessageHandler? handler = null)
    {
        DefaultOptions = options ?? new ActorProxyOptions();
        _handler = handler;
    }

    /// <summary>The options of proxies that are made without any.</summary>
    public ActorProxyOptions DefaultOptions { get; }

    public TActorInterface CreateActorProxy<TActorInterface>(
        ActorId actorId, string actorType, ActorProxyOptions? options = null)
        where TActorInterface : IActor =>
        (TActorInterface)CreateActorProxy(actorId, typeof(TActorInterface), actorType, options);

    public object CreateActorProxy(
        ActorId actorId, Type actorInterfaceType, string actorType, ActorProxyOptions? options = null) =>
        throw new NotImplementedException();

    public ActorProxy Create(ActorId actorId, string actorType, ActorProxyOptions? options = null) =>
        throw new NotImplementedException();
}
