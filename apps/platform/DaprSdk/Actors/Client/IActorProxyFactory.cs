using System.Text.Json;

namespace Dapr.Actors.Client;

/// <summary>Where a proxy calls and how it writes values. Typed proxies and hosts must agree on the serialisation.</summary>
public class ActorProxyOptions
{
    private JsonSerializerOptions _json = new(JsonSerializerDefaults.Web);

    public JsonSerializerOptions JsonSerializerOptions
    {
        get => _json;
        set => _json = value ?? throw new ArgumentNullException(nameof(value));
    }

    public string? DaprApiToken { get; set; } = DaprDefaults.GetDefaultDaprApiToken(null);

    public string HttpEndpoint { get; set; } = DaprDefaults.GetDefaultHttpEndpoint();

    /// <summary>The limit of one call; null leaves the 100 seconds of <see cref="HttpClient"/>.</summary>
    public TimeSpan? RequestTimeout { get; set; }

    /// <summary>Typed proxies send JSON instead of binary XML; the host must be told the same.</summary>
    public bool UseJsonSerialization { get; set; }
}

/// <summary>Makes proxies.</summary>
public interface IActorProxyFactory
{
    /// <summary>A typed proxy.</summary>
    TActorInterface CreateActorProxy<TActorInterface>(
        ActorId actorId, string actorType, ActorProxyOptions? options = null)
        where TActorInterface : IActor;

    /// <inheritdoc cref="CreateActorProxy{TActorInterface}"/>
    object CreateActorProxy(
        ActorId actorId, Type actorInterfaceType, string actorType, ActorProxyOptions? options = null);

    /// <summary>A weakly typed proxy: methods by name, values as JSON.</summary>
    ActorProxy Create(ActorId actorId, string actorType, ActorProxyOptions? options = null);
}

/// <summary>What every proxy knows of its actor.</summary>
internal interface IActorProxy
{
    ActorId ActorId { get; }

    string ActorType { get; }
}
