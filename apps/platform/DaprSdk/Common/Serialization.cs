using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Dapr.Common.Serialization;

/// <summary>Turns workflow payloads into text and back. Null is written as the empty text.</summary>
public interface IDaprSerializer
{
    string Serialize<T>(T value);

    string Serialize(object? value, Type? inputType = null);

    T? Deserialize<T>(string? data);

    object? Deserialize(string? data, Type returnType);
}

/// <summary>JSON with web defaults (camelCase, case-insensitive reading) and public fields.</summary>
public class JsonDaprSerializer : IDaprSerializer
{
    private readonly JsonSerializerOptions _options;

    public JsonDaprSerializer() : this(new JsonSerializerOptions(JsonSerializerDefaults.Web) { IncludeFields = true }) { }

    public JsonDaprSerializer(JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
    }

    public string Serialize<T>(T value) => value is null ? "" : JsonSerializer.Serialize(value, _options);

    public string Serialize(object? value, Type? inputType = null) =>
        value is null ? "" : JsonSerializer.Serialize(value, inputType ?? value.GetType(), _options);

    [return: MaybeNull]
    public T Deserialize<T>(string? data) =>
        string.IsNullOrEmpty(data) ? default : JsonSerializer.Deserialize<T>(data, _options);

    public object? Deserialize(string? data, Type returnType) =>
        string.IsNullOrEmpty(data) ? null : JsonSerializer.Deserialize(data, returnType, _options);
}
