using System.Text.Json;
using ConcertDapr.Sidecar.Cel;

namespace ConcertDapr.Sidecar.Delivery;

/// <summary>JSON as values of expressions.</summary>
internal static class EventScope
{
    public static CelScope Of(JsonElement cloudEvent)
    {
        object? value = null;
        return name => name == "event"
            ? value ??= Value(cloudEvent)
            : throw new CelEvaluationException($"undeclared reference to '{name}'");
    }

    private static object? Value(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => Members(element),
        JsonValueKind.Array => element.EnumerateArray().Select(Value).ToList(),
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => element.TryGetInt64(out var integer) ? (object)integer : element.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    private static Dictionary<string, object?> Members(JsonElement element)
    {
        var members = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var member in element.EnumerateObject()) members[member.Name] = Value(member.Value);
        return members;
    }
}
