using System.Text.Json;
using ConcertDapr.Sidecar.Components;

namespace ConcertDapr.Sidecar.Actors;

/// <summary>Settings of one actor type.</summary>
internal sealed record ActorTypeSettings(TimeSpan IdleTimeout, TimeSpan DrainTimeout, bool Reentrant, int MaxStackDepth);

/// <summary>What the app says in <c>/dapr/config</c>.</summary>
internal sealed record ActorConfiguration(IReadOnlyDictionary<string, ActorTypeSettings> Types)
{
    private static readonly ActorTypeSettings Defaults = new(TimeSpan.FromMinutes(60), TimeSpan.FromSeconds(2), false, 32);

    /// <exception cref="JsonException">No JSON object.</exception>
    public static ActorConfiguration Read(ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object) throw new JsonException("the answer is no JSON object");
        var common = Settings(root, Defaults);
        var types = new Dictionary<string, ActorTypeSettings>(StringComparer.Ordinal);
        foreach (var type in Entities(root)) types[type] = common;
        if (root.TryGetProperty("entitiesConfig", out var special) && special.ValueKind == JsonValueKind.Array)
            foreach (var one in special.EnumerateArray())
                foreach (var type in Entities(one)) types[type] = Settings(one, common);
        return new ActorConfiguration(types);
    }

    private static IEnumerable<string> Entities(JsonElement element) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty("entities", out var list) && list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)
            : [];

    private static ActorTypeSettings Settings(JsonElement element, ActorTypeSettings otherwise)
    {
        var reentrancy = element.TryGetProperty("reentrancy", out var found) && found.ValueKind == JsonValueKind.Object ? found : default;
        var enabled = reentrancy.ValueKind == JsonValueKind.Object && reentrancy.TryGetProperty("enabled", out var flag)
            ? flag.ValueKind == JsonValueKind.True : otherwise.Reentrant;
        var depth = reentrancy.ValueKind == JsonValueKind.Object && reentrancy.TryGetProperty("maxStackDepth", out var number)
            && number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out var limit) ? limit : otherwise.MaxStackDepth;
        return new ActorTypeSettings(Duration(element, "actorIdleTimeout", otherwise.IdleTimeout),
            Duration(element, "drainOngoingCallTimeout", otherwise.DrainTimeout), enabled, depth);
    }

    /// <summary>A duration that cannot be read leaves the default.</summary>
    private static TimeSpan Duration(JsonElement element, string name, TimeSpan otherwise) =>
        element.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String
        && DurationText.TryParseGo(text.GetString()!, out var duration) ? duration : otherwise;
}
