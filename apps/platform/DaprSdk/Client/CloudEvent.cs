using System.Text.Json.Serialization;

namespace Dapr;

/// <summary>A ready-made event envelope to publish. It has no id and the sidecar adds none.</summary>
public class CloudEvent
{
    [JsonPropertyName("source")]
    public Uri? Source { get; init; }

    [JsonPropertyName("type")]
    public string? Type { get; init; }

    [JsonPropertyName("subject")]
    public string? Subject { get; init; }
}

/// <inheritdoc />
public class CloudEvent<TData>(TData data) : CloudEvent
{
    public TData Data { get; } = data;

    [JsonPropertyName("datacontenttype")]
    public string DataContentType { get; } = "application/json";
}
