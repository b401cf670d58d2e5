using System.Collections.ObjectModel;
using System.Text.Json;

namespace Dapr.Actors.Runtime;

/// <summary>Which actors the app hosts and how.</summary>
public sealed class ActorRuntimeOptions
{
    private JsonSerializerOptions _json = new(JsonSerializerDefaults.Web);
    private string? _token = "";

    public ActorRegistrationCollection Actors { get; } = [];

    /// <summary>After how long without a call an actor is deactivated; the sidecar's default is an hour.</summary>
    public TimeSpan? ActorIdleTimeout
    {
        get;
        set => field = Positive(value);
    }

    public TimeSpan? ActorScanInterval
    {
        get;
        set => field = Positive(value);
    }

    /// <summary>How long a running call may still take when actors are moved; then it is executed again.</summary>
    public TimeSpan? DrainOngoingCallTimeout
    {
        get;
        set => field = Positive(value);
    }

    /// <summary>Draining is on in the sidecar whatever is set here: false is not sent.</summary>
    public bool DrainRebalancedActors { get; set; }

    public ActorReentrancyConfig ReentrancyConfig { get; set; } = new();

    /// <summary>Typed calls carry JSON; proxies must be told the same.</summary>
    public bool UseJsonSerialization { get; set; }

    public JsonSerializerOptions JsonSerializerOptions
    {
        get => _json;
        set => _json = value ?? throw new ArgumentNullException(nameof(value));
    }

    public string? DaprApiToken
    {
        get => _token;
        set => _token = value ?? throw new ArgumentNullException(nameof(value));
    }

    public int? RemindersStoragePartitions
    {
        get;
        set
        {
            if (value is < 0)
                throw new ArgumentOutOfRangeException(nameof(value), value, "must be positive");
            field = value;
        }
    }

    public string? HttpEndpoint { get; set; }

    private static TimeSpan? Positive(TimeSpan? value) => value <= TimeSpan.Zero
        ? throw new ArgumentOutOfRangeException(nameof(value), value, "must be positive")
        : value;
}

/// <summary>A hosted actor type.</summary>
public sealed class ActorRegistration(ActorTypeInformation type, ActorRuntimeOptions? options)
{
    public ActorRegistration(ActorTypeInformation type) : this(type, null)
    {
    }

    public ActorTypeInformation Type { get; } = type;

    /// <summary>Settings of this type alone.</summary>
    public ActorRuntimeOptions? TypeOptions { get; } = options;
}

/// <summary>The hosted actor types.</summary>
public sealed class ActorRegistrationCollection : KeyedCollection<ActorTypeInformation, ActorRegistration>
{
    public void RegisterActor<TActor>(Action<ActorRegistration>? configure = null)
        where TActor : Actor => RegisterActor<TActor>(null, null, configure);

    public void RegisterActor<TActor>(ActorRuntimeOptions? typeOptions, Action<ActorRegistration>? configure = null)
        where TActor : Actor => RegisterActor<TActor>(null, typeOptions, configure);

    public void RegisterActor<TActor>(string? actorTypeName, Action<ActorRegistration>? configure = null)
        where TActor : Actor => RegisterActor<TActor>(actorTypeName, null, configure);

    public void RegisterActor<TActor>(
        string? actorTypeName, ActorRuntimeOptions? typeOptions, Action<ActorRegistration>? configure = null)
        where TActor : Actor
    {
        var registration = new ActorRegistration(ActorTypeInformation.Get(typeof(TActor), actorTypeName), typeOptions);
        configure?.Invoke(registration);
        Add(registration);
    }

    protected override ActorTypeInformation GetKeyForItem(ActorRegistration item)
    {
        ArgumentNullException.ThrowIfNull(item);
        return item.Type;
    }
}
