using System.Text.Json;

namespace ConcertDapr.Sidecar.Api.Http;

/// <summary>Members of request bodies: names in any case, wrong types refused.</summary>
internal static class JsonFields
{
    /// <summary>The last member of this name; undefined when there is none.</summary>
    public static JsonElement Field(this JsonElement element, string name)
    {
        JsonElement found = default;
        if (element.ValueKind != JsonValueKind.Object) return found;
        foreach (var member in element.EnumerateObject())
            if (member.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) found = member.Value;
        return found;
    }

    /// <summary>Text, or null when absent or null.</summary>
    /// <exception cref="JsonException">Another type.</exception>
    public static string? TextField(this JsonElement element, string name) => element.Field(name) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } => null,
        var other => throw WrongType(other, name, "string"),
    };

    /// <summary>An object of texts; empty when absent or null.</summary>
    /// <exception cref="JsonException">Another type.</exception>
    public static Dictionary<string, string> TextMapField(this JsonElement element, string name)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        var field = element.Field(name);
        if (field.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null) return map;
        if (field.ValueKind != JsonValueKind.Object) throw WrongType(field, name, "map[string]string");
        foreach (var member in field.EnumerateObject())
            map[member.Name] = member.Value.ValueKind switch
            {
                JsonValueKind.String => member.Value.GetString()!,
                JsonValueKind.Null => "",
                _ => throw WrongType(member.Value, name, "string"),
            };
        return map;
    }

    /// <summary>An array's items; none when absent or null.</summary>
    /// <exception cref="JsonException">Another type.</exception>
    public static IEnumerable<JsonElement> ListField(this JsonElement element, string name) => element.Field(name) switch
    {
        { ValueKind: JsonValueKind.Array } list => list.EnumerateArray(),
        { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } => [],
        var other => throw WrongType(other, name, "slice"),
    };

    public static JsonException WrongType(JsonElement element, string name, string wanted) =>
        new($"json: cannot unmarshal {Name(element.ValueKind)} into field {name} of type {wanted}");

    public static string Name(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        JsonValueKind.Null => "null",
        _ => "bool",
    };
}
