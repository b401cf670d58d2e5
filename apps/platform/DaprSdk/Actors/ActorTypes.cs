using System.Runtime.Serialization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dapr.Actors.Client;
using Dapr.Actors.Runtime;

namespace Dapr.Actors;

/// <summary>Marks an interface whose methods, all returning <see cref="Task"/>, an actor offers.</summary>
public interface IActor;

/// <summary>The id of an actor within its type. Compared without case, yet hashed with it: treat ids as case-sensitive.</summary>
[JsonConverter(typeof(ActorIdJsonConverter))]
[DataContract(Name = "ActorId")]
public class ActorId
{
    [DataMember(Name = "ActorId", Order = 0, IsRequired = true)]
    private readonly string _id;

    /// <exception cref="ArgumentException">The id is empty or white space.</exception>
    public ActorId(string id)
    {
        if (string.IsNullOrWhiteSpace(id))
            throw new ArgumentException("The value cannot be null, empty or white spaces.", nameof(id));
        _id = id;
    }

    public static bool operator ==(ActorId? id1, ActorId? id2) => id1 is null ? id2 is null : id1.Equals(id2);

    public static bool operator !=(ActorId? id1, ActorId? id2) => !(id1 == id2);

    public static ActorId CreateRandom() => new(Guid.NewGuid().ToString());

    public string GetId() => _id;

    public override string ToString() => _id;

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(_id);

    public override bool Equals(object? obj) => obj is ActorId other && Equals(other);

    public bool Equals(ActorId? other) => string.Equals(_id, other?._id, StringComparison.OrdinalIgnoreCase);

    public int CompareTo(ActorId? other) => string.Compare(_id, other?._id, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Writes an id as a JSON string.</summary>
internal sealed class ActorIdJsonConverter : JsonConverter<ActorId>
{
    public override ActorId? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetString() is { } id && !string.IsNullOrWhiteSpace(id) ? new ActorId(id) : null;

    public override void Write(Utf8JsonWriter writer, ActorId value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.GetId());
}

/// <summary>An actor's address, to be sent to somebody else.</summary>
[DataContract(Name = "ActorReference", Namespace = "urn:actors")]
public sealed class ActorReference
{
    [DataMember(Name = "ActorId", Order = 0, IsRequired = true)]
    public ActorId ActorId { get; set; } = null!;

    [DataMember(Name = "ActorType", Order = 0, IsRequired = true)]
    public string ActorType { get; set; } = null!;

    /// <summary>The reference of a proxy or an actor; null for null.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is neither.</exception>
    public static ActorReference? Get(object? actor) => actor switch
    {
        null => null,
        IActorProxy proxy => new ActorReference { ActorId = proxy.ActorId, ActorType = proxy.ActorType },
        Actor self => new ActorReference { ActorId = self.Id, ActorType = self.Host.ActorTypeInfo.ActorTypeName },
        _ => throw new ArgumentOutOfRangeException(nameof(actor), "Invalid actor object type."),
    };

    public object Bind(Type actorInterfaceType) =>
        ActorProxy.DefaultProxyFactory.CreateActorProxy(ActorId, actorInterfaceType, ActorType);
}

/// <summary>Whether a call may enter an actor that waits for the outcome of its own call.</summary>
public sealed class ActorReentrancyConfig
{
    public bool Enabled { get; set; }

    public int? MaxStackDepth { get; set; }
}

/// <summary>A call through a typed proxy failed; the inner exception tells what the actor threw.</summary>
public class ActorMethodInvocationException : DaprApiException
{
    public ActorMethodInvocationException()
    {
    }

    public ActorMethodInvocationException(string message, Exception? innerException, bool isTransient)
        : base(message, innerException, null, isTransient)
    {
    }
}

/// <summary>The exception an actor threw, as it travelled: its type's name and its message.</summary>
public class ActorInvokeException : Exception
{
    public ActorInvokeException()
    {
    }

    public ActorInvokeException(string actualExceptionType, string message) : base(message) =>
        ActualExceptionType = actualExceptionType;

    public string? ActualExceptionType { get; private set; }
}
