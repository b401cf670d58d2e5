using System.Text.Json;
using Dapr.Actors.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Dapr.Actors.Runtime;

/// <summary>The actor types this app hosts.</summary>
public sealed class ActorRuntime
{
    private readonly ActorRuntimeOptions _options;
    private readonly Dictionary<string, ActorTypeHost> _hosts;

    internal ActorRuntime(ActorRuntimeOptions options, IServiceProvider services)
    {
        _options = options;
        var sidecar = new SidecarActors(options.HttpEndpoint!, options.DaprApiToken);
        var proxies = services.GetRequiredService<IActorProxyFactory>();
        var loggers = services.GetRequiredService<ILoggerFactory>();
        _hosts = options.Actors.ToDictionary(
            actor => actor.Type.ActorTypeName,
            actor => new ActorTypeHost(actor.Type, options, sidecar, proxies, loggers, services));
    }

    public IReadOnlyList<ActorRegistration> RegisteredActors => _options.Actors;

    /// <exception cref="InvalidOperationException">The type is not registered here.</exception>
    internal ActorTypeHost Host(string actorType) => _hosts.TryGetValue(actorType, out var host)
        ? host
        : throw new InvalidOperationException($"Actor type {actorType} is not registered with Actor runtime.");

    /// <summary>The answer to <c>GET /dapr/config</c>.</summary>
    internal byte[] Settings()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            WriteEntities(writer, RegisteredActors);
            Write(writer, _options);
            var own = RegisteredActors.Where(a => a.TypeOptions is not null).ToList();
            if (own.Count > 0)
            {
                writer.WriteStartArray("entitiesConfig");
                foreach (var actor in own)
                {
                    writer.WriteStartObject();
                    WriteEntities(writer, [actor]);
                    Write(writer, actor.TypeOptions!);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static void WriteEntities(Utf8JsonWriter writer, IEnumerable<ActorRegistration> actors)
    {
        writer.WriteStartArray("entities");
        foreach (var actor in actors)
            writer.WriteStringValue(actor.Type.ActorTypeName);
        writer.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter writer, ActorRuntimeOptions options)
    {
        Write(writer, "actorIdleTimeout", options.ActorIdleTimeout);
        Write(writer, "actorScanInterval", options.ActorScanInterval);
        Write(writer, "drainOngoingCallTimeout", options.DrainOngoingCallTimeout);
        // False is never written, as in the official SDK: draining cannot be switched off from here.
        if (options.DrainRebalancedActors)
            writer.WriteBoolean("drainRebalancedActors", true);
        if (options.RemindersStoragePartitions is { } partitions)
            writer.WriteNumber("remindersStoragePartitions", partitions);
        writer.WriteStartObject("reentrancy");
        writer.WriteBoolean("enabled", options.ReentrancyConfig.Enabled);
        if (options.ReentrancyConfig.MaxStackDepth is { } depth)
            writer.WriteNumber("maxStackDepth", depth);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, string name, TimeSpan? value)
    {
        if (value is { } duration)
            writer.WriteString(name, DurationText.Write(duration));
    }
}
