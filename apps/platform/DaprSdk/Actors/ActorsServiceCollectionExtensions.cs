using Dapr;
using Dapr.Actors.Client;
using Dapr.Actors.Runtime;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the actor runtime.</summary>
public static class ActorsServiceCollectionExtensions
{
    /// <summary>Adds hosted actors, and <see cref="IActorProxyFactory"/> with the same settings.</summary>
    public static void AddActors(
        this IServiceCollection? services,
        Action<ActorRuntimeOptions>? configure,
        ServiceLifetime lifetime = ServiceLifetime.Singleton)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddRouting();
        services.AddHealthChecks();
        services.AddLogging();
        if (configure is not null)
            services.Configure(configure);
        services.TryAdd(new ServiceDescriptor(
            typeof(ActorRuntime), provider => new ActorRuntime(OptionsOf(provider), provider), lifetime));
        services.TryAdd(new ServiceDescriptor(
            typeof(IActorProxyFactory), provider => CreateProxyFactory(OptionsOf(provider)), lifetime));
    }

    private static ActorProxyFactory CreateProxyFactory(ActorRuntimeOptions options) => new(new ActorProxyOptions
    {
        JsonSerializerOptions = options.JsonSerializerOptions,
        DaprApiToken = options.DaprApiToken,
        HttpEndpoint = options.HttpEndpoint!,
        UseJsonSerialization = options.UseJsonSerialization,
    });

    private static ActorRuntimeOptions OptionsOf(IServiceProvider provider)
    {
        var options = provider.GetRequiredService<IOptions<ActorRuntimeOptions>>().Value;
        var configuration = provider.GetService<IConfiguration>();
        if (string.IsNullOrWhiteSpace(options.DaprApiToken))
            options.DaprApiToken = DaprDefaults.GetDefaultDaprApiToken(configuration);
        if (string.IsNullOrWhiteSpace(options.HttpEndpoint))
            options.HttpEndpoint = DaprDefaults.GetDefaultHttpEndpoint(configuration);
        return options;
    }
}
