using System.Reflection;
using System.Text.Json;
using Dapr.Actors.Client;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dapr.Actors.Runtime;

/// <summary>What an actor gets from its surroundings.</summary>
public sealed class ActorHost
{
    internal ActorHost(
        ActorTypeInformation actorTypeInfo,
        ActorId id,
        JsonSerializerOptions jsonSerializerOptions,
        ILoggerFactory loggerFactory,
        IActorProxyFactory proxyFactory,
        ActorTimerManager timerManager)
    {
        ActorTypeInfo = actorTypeInfo;
        Id = id;
        JsonSerializerOptions = jsonSerializerOptions;
        LoggerFactory = loggerFactory;
        ProxyFactory = proxyFactory;
        TimerManager = timerManager;
    }

    public ActorTypeInformation ActorTypeInfo { get; }

    public ActorId Id { get; }

    public ILoggerFactory LoggerFactory { get; }

    public JsonSerializerOptions JsonSerializerOptions { get; }

    public IActorProxyFactory ProxyFactory { get; }

    public ActorTimerManager TimerManager { get; }

    internal IActorStateStore? StateStore { get; init; }

    public static ActorHost CreateForTest<TActor>(ActorTestOptions? options = null)
        where TActor : Actor => CreateForTest(typeof(TActor), null, options);

    public static ActorHost CreateForTest<TActor>(string? actorTypeName, ActorTestOptions? options = null)
        where TActor : Actor => CreateForTest(typeof(TActor), actorTypeName, options);

    public static ActorHost CreateForTest(Type actorType, ActorTestOptions? options = null) =>
        CreateForTest(actorType, null, options);

    /// <summary>A host without a sidecar; the actor's state manager must be replaced too.</summary>
    public static ActorHost CreateForTest(Type actorType, string? actorTypeName, ActorTestOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(actorType);
        options ??= new ActorTestOptions();
        return new ActorHost(
            ActorTypeInformation.Get(actorType, actorTypeName),
            options.ActorId,
            options.JsonSerializerOptions,
            options.LoggerFactory,
            options.ProxyFactory,
            options.TimerManager);
    }
}

/// <summary>The surroundings of an actor under test. The defaults of proxies and timers refuse every call.</summary>
public sealed class ActorTestOptions
{
    public ActorId ActorId { get; set; } = ActorId.CreateRandom();

    public ILoggerFactory LoggerFactory { get; set; } = NullLoggerFactory.Instance;

    public JsonSerializerOptions JsonSerializerOptions { get; set; } = new(JsonSerializerDefaults.Web);

    public IActorProxyFactory ProxyFactory { get; set; } = new NoProxies();

    public ActorTimerManager TimerManager { get; set; } = new NoTimers();

    private static NotSupportedException Missing(string property) =>
        new($"This actor was made for a test without a replacement for '{property}': set 'ActorTestOptions.{property}'.");

    private sealed class NoProxies : IActorProxyFactory
    {
        public ActorProxy Create(ActorId actorId, string actorType, ActorProxyOptions? options = null) =>
            throw Missing(nameof(ProxyFactory));

        public TActorInterface CreateActorProxy<TActorInterface>(
            ActorId actorId, string actorType, ActorProxyOptions? options = null)
            where TActorInterface : IActor => throw Missing(nameof(ProxyFactory));

        public object CreateActorProxy(
            ActorId actorId, Type actorInterfaceType, string actorType, ActorProxyOptions? options = null) =>
            throw Missing(nameof(ProxyFactory));
    }

    private sealed class NoTimers : ActorTimerManager
    {
        public override Task RegisterReminderAsync(ActorReminder reminder) => throw Missing(nameof(TimerManager));

        public override Task<IActorReminder> GetReminderAsync(ActorReminderToken reminder) =>
            throw Missing(nameof(TimerManager));

        public override Task UnregisterReminderAsync(ActorReminderToken reminder) => throw Missing(nameof(TimerManager));

        public override Task RegisterTimerAsync(ActorTimer timer) => throw Missing(nameof(TimerManager));

        public override Task UnregisterTimerAsync(ActorTimerToken timer) => throw Missing(nameof(TimerManager));
    }
}

/// <summary>Gives an actor class another type name than its own.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ActorAttribute : Attribute
{
    public string? TypeName { get; set; }
}

/// <summary>What is known of an actor class.</summary>
public sealed class ActorTypeInformation
{
    private ActorTypeInformation(string name, Type implementation, IReadOnlyList<Type> interfaces)
    {
        ActorTypeName = name;
        ImplementationType = implementation;
        InterfaceTypes = interfaces;
    }

    public string ActorTypeName { get; }

    public Type ImplementationType { get; }

    public IEnumerable<Type> InterfaceTypes { get; }

    public bool IsAbstract => ImplementationType.IsAbstract;

    public bool IsRemindable => typeof(IRemindable).IsAssignableFrom(ImplementationType);

    /// <summary>Looks at a class; the name is the argument, the <see cref="ActorAttribute"/>'s, or the class's own.</summary>
    /// <exception cref="ArgumentException">It is no actor, or offers no actor interface.</exception>
    public static ActorTypeInformation Get(Type actorType, string? actorTypeName)
    {
        ArgumentNullException.ThrowIfNull(actorType);
        if (!typeof(Actor).IsAssignableFrom(actorType))
            throw new ArgumentException($"The type '{actorType.FullName}' is not an Actor. An actor type must derive "
                + $"from '{typeof(Actor).FullName}'.", nameof(actorType));
        var interfaces = actorType.GetInterfaces().Where(i => i != typeof(IActor) && typeof(IActor).IsAssignableFrom(i)).ToList();
        if (interfaces.Count == 0 && !actorType.IsAbstract)
            throw new ArgumentException($"The type '{actorType.FullName}' does not implement any actor interfaces: "
                + $"interfaces that derive from '{typeof(IActor).FullName}'.", nameof(actorType));
        var name = actorTypeName ?? actorType.GetCustomAttribute<ActorAttribute>()?.TypeName ?? actorType.Name;
        return new ActorTypeInformation(name, actorType, interfaces);
    }
}
