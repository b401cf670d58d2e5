using Dapr.Actors.Runtime;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the actor runtime.</summary>
public static class ActorsServiceCollectionExtensions
{
    /// <summary>Adds hosted actors, and <c>IActorProxyFactory</c> with the same settings.</summary>
    public static void AddActors(
        this IServiceCollection? services,
        Action<ActorRuntimeOptions>? configure,
        ServiceLifetime lifetime = ServiceLifetime.Singleton) => throw new NotImplementedException();
}
