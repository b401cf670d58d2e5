using System.Globalization;
using System.Text.Json;
using Dapr.Actors.Client;

namespace Dapr.Actors.Runtime;

/// <summary>A changed state; the value's type is the one it was set with.</summary>
internal sealed record StateChange(string Name, object? Value, Type Type, StateChangeKind Kind, DateTimeOffset? Expires);

/// <summary>One actor's state in the sidecar.</summary>
internal interface IActorStateStore
{
    /// <summary>The value's JSON, or null when there is none (any more).</summary>
    Task<(byte[] Json, DateTimeOffset? Expires)?> LoadAsync(string name, CancellationToken token);

    /// <summary>Applies the changes as one transaction.</summary>
    Task SaveAsync(IReadOnlyList<StateChange> changes, CancellationToken token);
}

/// <inheritdoc />
internal sealed class SidecarActorStateStore(
    SidecarActors sidecar, string actorType, ActorId actorId, JsonSerializerOptions json) : IActorStateStore
{
    private string Path => $"{actorType}/{actorId}/state";

    public async Task<(byte[] Json, DateTimeOffset? Expires)?> LoadAsync(string name, CancellationToken token)
    {
        var (body, expires) = await sidecar.GetAsync($"{Path}/{name}", token);
        return body.Length == 0 || expires <= DateTimeOffset.UtcNow ? null : (body, expires);
    }

    public Task SaveAsync(IReadOnlyList<StateChange> changes, CancellationToken token)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartArray();
            foreach (var change in changes)
                Write(writer, change);
            writer.WriteEndArray();
        }

        return sidecar.PutAsync(Path, stream.ToArray(), "text/plain; charset=utf-8", token);
    }

    private void Write(Utf8JsonWriter writer, StateChange change)
    {
        writer.WriteStartObject();
        writer.WriteString("operation", change.Kind == StateChangeKind.Remove ? "delete" : "upsert");
        writer.WriteStartObject("request");
        writer.WriteString("key", change.Name);
        if (change.Kind != StateChangeKind.Remove)
        {
            writer.WritePropertyName("value");
            JsonSerializer.Serialize(writer, change.Value, change.Type, json);
            if (change.Expires is { } expires)
            {
                var seconds = (int)Math.Ceiling((expires - DateTimeOffset.UtcNow).TotalSeconds);
                writer.WriteStartObject("metadata");
                writer.WriteString("ttlInSeconds", seconds.ToString(CultureInfo.InvariantCulture));
                writer.WriteEndObject();
            }
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
