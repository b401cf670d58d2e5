using Dapr.Actors.Remoting;

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
        ActorId actorId, Type actorInterfaceType, string actorType, ActorProxyOptions? options = null)
    {
        options ??= DefaultOptions;
        var bodies = options.UseJsonSerialization ? BodySerializer.Json(options.JsonSerializerOptions) : BodySerializer.Binary;
        return TypedProxy.Create(actorInterfaceType, actorId, actorType, Sidecar(options), bodies);
    }

    public ActorProxy Create(ActorId actorId, string actorType, ActorProxyOptions? options = null)
    {
        options ??= DefaultOptions;
        return new ActorProxy(Sidecar(options), options.JsonSerializerOptions) { ActorId = actorId, ActorType = actorType };
    }

    private SidecarActors Sidecar(ActorProxyOptions options) =>
        new(options.HttpEndpoint, options.DaprApiToken, options.RequestTimeout, _handler);
}
